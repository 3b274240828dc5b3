"""Between the messages of the service and our values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.containerd.types.metrics_pb2 import Metric
from tiffin.api.containerd.types.task.task_pb2 import Process, ProcessInfo
from tiffin.manager.runtimes.values import Streams
from tiffin.shim.events.messages import NEVER, timestamp
from tiffin.shim.events.values import Mount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.any_pb2 import Any

    from tiffin.api.containerd.types.mount_pb2 import Mount as MountMessage
    from tiffin.manager.runtimes.values import Exit, Member, ProcessState


def process_of(container: str, state: ProcessState) -> Process:
    """A process as clients see it."""
    streams = state.streams
    return Process(
        id=state.exec_id or container,
        pid=state.pid,
        status=state.status.name,
        stdin=streams.stdin,
        stdout=streams.stdout,
        stderr=streams.stderr,
        terminal=streams.terminal,
        exit_status=state.exit_status,
        exited_at=timestamp(state.exited_at or NEVER),
    )


def streams_of(request: tasks.CreateTaskRequest | tasks.ExecProcessRequest) -> Streams:
    """Where the streams of a new process go."""
    return Streams(request.stdin, request.stdout, request.stderr, request.terminal)


def mounts_of(mounts: Iterable[MountMessage]) -> tuple[Mount, ...]:
    """The mounts of a root file system."""
    return tuple(Mount(each.type, each.source, each.target, tuple(each.options)) for each in mounts)


def deleted(exec_id: str, exit_: Exit) -> tasks.DeleteResponse:
    """How a process had ended that is removed now."""
    return tasks.DeleteResponse(
        id=exec_id, pid=exit_.pid, exit_status=exit_.status, exited_at=timestamp(exit_.at)
    )


def member_of(member: Member) -> ProcessInfo:
    """A process of a container."""
    return ProcessInfo(pid=member.pid, info=member.info)


def metric_of(container: str, collected: int, stats: Any) -> Metric:
    """Metrics of a container. collected: nanoseconds since 1970."""
    return Metric(timestamp=timestamp(collected), id=container, data=stats)
