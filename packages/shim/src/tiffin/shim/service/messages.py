"""Requests of the task service as values of `Tasks`, and its values as answers. One place knows both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.runtime.task.v3 import shim_pb2
from tiffin.api.containerd.types.runc.options import oci_pb2
from tiffin.api.containerd.types.task import task_pb2
from tiffin.api.typeurl import pack

from ..events.messages import NEVER, timestamp
from ..events.values import Mount
from ..stdio import Stdio
from ..tasks.states import Status
from ..tasks.values import CreateTask
from .options import runtime_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.timestamp_pb2 import Timestamp

    from tiffin.api.containerd.types.mount_pb2 import Mount as MountMessage

    from ..monitor.values import Exit
    from ..tasks.values import Deleted, ProcessInfo, ProcessState

STATUSES: Mapping[Status, task_pb2.Status] = {
    Status.CREATING: task_pb2.CREATED,
    Status.CREATED: task_pb2.CREATED,
    Status.STARTING: task_pb2.CREATED,
    Status.RUNNING: task_pb2.RUNNING,
    Status.PAUSING: task_pb2.PAUSING,
    Status.PAUSED: task_pb2.PAUSED,
    Status.RESUMING: task_pb2.PAUSED,
    Status.STOPPED: task_pb2.STOPPED,
    Status.DELETING: task_pb2.STOPPED,
    Status.DELETED: task_pb2.STOPPED,
}


def create_task(request: shim_pb2.CreateTaskRequest, *, debug: bool) -> CreateTask:
    """What is to be created. Raises InvalidArgument: the options are none that we know."""
    return CreateTask(
        id=request.id,
        bundle=request.bundle,
        rootfs=mounts_of(request.rootfs),
        stdio=stdio_of(request),
        checkpoint=request.checkpoint,
        parent_checkpoint=request.parent_checkpoint,
        options=runtime_options(request.options, debug=debug),
    )


def mounts_of(messages: Iterable[MountMessage]) -> tuple[Mount, ...]:
    return tuple(Mount(each.type, each.source, each.target, tuple(each.options)) for each in messages)


def stdio_of(request: shim_pb2.CreateTaskRequest | shim_pb2.ExecProcessRequest) -> Stdio:
    return Stdio(request.stdin, request.stdout, request.stderr, request.terminal)


def state_response(state: ProcessState, exec_id: str) -> shim_pb2.StateResponse:
    return shim_pb2.StateResponse(
        id=state.id,
        bundle=state.bundle,
        pid=state.pid,
        status=STATUSES[state.status],
        stdin=state.stdio.stdin,
        stdout=state.stdio.stdout,
        stderr=state.stdio.stderr,
        terminal=state.stdio.terminal,
        exit_status=state.exit_status,
        exited_at=time_of(state.exited_at) or timestamp(NEVER),
        exec_id=exec_id,
    )


def delete_response(deleted: Deleted) -> shim_pb2.DeleteResponse:
    return shim_pb2.DeleteResponse(
        pid=deleted.pid, exit_status=deleted.exit_status, exited_at=time_of(deleted.exited_at)
    )


def wait_response(ended: Exit) -> shim_pb2.WaitResponse:
    return shim_pb2.WaitResponse(exit_status=ended.status, exited_at=time_of(ended.at))


def pids_response(processes: Iterable[ProcessInfo]) -> shim_pb2.PidsResponse:
    """Those that are execs say which, as runc's shim tells it."""
    answer = shim_pb2.PidsResponse()
    for process in processes:
        each = answer.processes.add(pid=process.pid)
        if process.exec_id:
            each.info.CopyFrom(pack(oci_pb2.ProcessDetails(exec_id=process.exec_id)))
    return answer


def time_of(nanoseconds: int) -> Timestamp | None:
    """A time, or none, which is what it is before there is one."""
    return timestamp(nanoseconds) if nanoseconds else None
