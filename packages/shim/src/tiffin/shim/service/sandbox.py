"""`SandboxService`: containerd's sandbox service. A sandbox is what the containers of one shim have in common.

Its bundle may hold a config.json with a process (a pause container): that one runs as a container of `Tasks`, under the
sandbox's id, and its pid is the sandbox's, whose namespaces others join. Without one the sandbox is this shim and no
more: its pid is the shim's, its namespaces the host's.

Source: containerd, api/runtime/sandbox/v1; plugins/sandbox/controller.go, which calls it.
"""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING

from tiffin.api.containerd.runtime.sandbox.v1 import sandbox_pb2 as pb
from tiffin.api.containerd.types import metrics_pb2, platform_pb2
from tiffin.runtime.errors import AlreadyExists, FailedPrecondition, NotFound, TimedOut

from ..tasks.values import CreateTask
from .messages import mounts_of, time_of
from .options import runtime_options
from .sandbox_record import SandboxRecord, has_process, read_sandbox, remove_sandbox, write_sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.ttrpc import Context

    from ..tasks.tasks import Tasks
    from .changes import Changes

READY, NOT_READY = "SANDBOX_READY", "SANDBOX_NOTREADY"  # as CRI calls them
PATIENCE = 10  # seconds that a sandbox has to stop, if its client does not say
KILLED = 128 + signal.SIGKILL


class SandboxService:
    """Answers for the sandbox of one shim.

    Args:
        shutdown: called when a client has asked the sandbox to go.
        changes: that are at work in this shim.
        own_pid: of this process.
    """

    def __init__(self, tasks: Tasks, shutdown: Callable[[], None], changes: Changes, *, own_pid: int) -> None:
        self._tasks = tasks
        self._shutdown = shutdown
        self._finished = changes.finished
        self._own_pid = own_pid
        self._sandbox: SandboxRecord | None = None
        self._stopped = asyncio.Event()

    def recover(self, bundle: str) -> None:
        """Takes a sandbox back, if this bundle is that of one. Raises OperationFailed."""
        found = read_sandbox(bundle)
        if found is None:
            return
        if found.started and not found.has_process:
            found = found.replace(pid=self._own_pid)
        self._sandbox = found
        if found.stopped_at:
            self._stopped.set()

    async def create_sandbox(self, request: pb.CreateSandboxRequest, _: Context) -> pb.CreateSandboxResponse:
        await self._finished(self._create(request))
        return pb.CreateSandboxResponse()

    async def _create(self, request: pb.CreateSandboxRequest) -> None:
        if self._sandbox is not None:
            raise AlreadyExists(f"this shim has a sandbox: {self._sandbox.id}")
        record = SandboxRecord(
            request.sandbox_id,
            request.bundle_path,
            has_process(request.bundle_path),
            created_at=time.time_ns(),
        )
        self._keep(record)
        if record.has_process:
            options = runtime_options(request.options)
            task = CreateTask(record.id, record.bundle, mounts_of(request.rootfs), options=options)
            try:
                await self._tasks.create(task)
            except BaseException:
                self._forget(record)
                raise

    async def start_sandbox(self, request: pb.StartSandboxRequest, _: Context) -> pb.StartSandboxResponse:
        record = await self._finished(self._start(request.sandbox_id))
        return pb.StartSandboxResponse(pid=record.pid, created_at=time_of(record.created_at))

    async def _start(self, identifier: str) -> SandboxRecord:
        record = self._known(identifier)
        if record.started or record.stopped_at:
            raise FailedPrecondition(f"sandbox {record.id} was started before")
        pid = await self._tasks.start(record.id) if record.has_process else self._own_pid
        return self._keep(self._known(identifier).replace(started=True, pid=pid))

    async def platform(self, request: pb.PlatformRequest, _: Context) -> pb.PlatformResponse:
        from tiffin.spec.platform import host

        self._known(request.sandbox_id)
        ours = host()
        platform = platform_pb2.Platform(
            os=ours.os, architecture=ours.architecture, variant=ours.variant or ""
        )
        return pb.PlatformResponse(platform=platform)

    async def stop_sandbox(self, request: pb.StopSandboxRequest, _: Context) -> pb.StopSandboxResponse:
        await self._finished(self._stop(request.sandbox_id, request.timeout_secs or PATIENCE))
        return pb.StopSandboxResponse()

    async def _stop(self, identifier: str, seconds: float) -> None:
        record = self._known(identifier)
        if record.has_process:
            await self._stop_process(record, seconds)
            record = self._known(identifier)  # it may have been started meanwhile
        if not record.stopped_at:
            self._keep(record.replace(stopped_at=time.time_ns()))
        self._stopped.set()

    async def wait_sandbox(self, request: pb.WaitSandboxRequest, _: Context) -> pb.WaitSandboxResponse:
        record = self._known(request.sandbox_id)
        if record.has_process:
            ended = await self._tasks.wait(record.id)
            return pb.WaitSandboxResponse(exit_status=ended.status, exited_at=time_of(ended.at))
        await self._stopped.wait()
        return pb.WaitSandboxResponse(exited_at=time_of(self._known(record.id).stopped_at))

    async def sandbox_status(self, request: pb.SandboxStatusRequest, _: Context) -> pb.SandboxStatusResponse:
        record = self._known(request.sandbox_id)
        exited_at = await self._exited_at(record)
        ready = record.started and not exited_at
        return pb.SandboxStatusResponse(
            sandbox_id=record.id,
            pid=record.pid,
            state=READY if ready else NOT_READY,
            created_at=time_of(record.created_at),
            exited_at=time_of(exited_at),
        )

    async def ping_sandbox(self, request: pb.PingRequest, _: Context) -> pb.PingResponse:
        self._known(request.sandbox_id)
        return pb.PingResponse()

    async def shutdown_sandbox(
        self, request: pb.ShutdownSandboxRequest, _: Context
    ) -> pb.ShutdownSandboxResponse:
        """Stops it if need be, removes its own container, and ends the shim. The containers in it must be deleted."""
        await self._finished(self._shut_down(request.sandbox_id))
        return pb.ShutdownSandboxResponse()

    async def _shut_down(self, identifier: str) -> None:
        record = self._known(identifier)
        others = [container for container in self._tasks.containers() if container != record.id]
        if others:
            raise FailedPrecondition(f"sandbox {record.id} has containers: {', '.join(sorted(others))}")
        await self._stop(record.id, PATIENCE)
        if record.has_process:
            await self._tasks.delete(record.id)
        self._forget(record)
        self._shutdown()

    async def sandbox_metrics(
        self, request: pb.SandboxMetricsRequest, _: Context
    ) -> pb.SandboxMetricsResponse:
        record = self._known(request.sandbox_id)
        if not record.has_process:
            raise NotFound(f"sandbox {record.id} has no cgroup of its own")
        metric = metrics_pb2.Metric(
            timestamp=time_of(time.time_ns()), id=record.id, data=await self._tasks.stats(record.id)
        )
        return pb.SandboxMetricsResponse(metrics=metric)

    def _known(self, identifier: str) -> SandboxRecord:
        if self._sandbox is None or self._sandbox.id != identifier:
            raise NotFound(f"this shim has no sandbox {identifier}")
        return self._sandbox

    def _keep(self, record: SandboxRecord) -> SandboxRecord:
        write_sandbox(record)
        self._sandbox = record
        return record

    def _forget(self, record: SandboxRecord) -> None:
        self._sandbox = None
        remove_sandbox(record.bundle)

    async def _exited_at(self, record: SandboxRecord) -> int:
        if record.has_process and record.started:
            return (await self._tasks.state(record.id)).exited_at
        return record.stopped_at

    async def _stop_process(self, record: SandboxRecord, seconds: float) -> None:
        """SIGTERM, and SIGKILL when its time is over. One that has ended is fine. Raises TimedOut: it does not end."""
        waiting = asyncio.ensure_future(self._tasks.wait(record.id))
        try:
            for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, PATIENCE)):
                if not waiting.done():
                    await self._signal(record.id, number)
                    await asyncio.wait([waiting], timeout=patience)
            if not waiting.done():
                raise TimedOut(f"the process of sandbox {record.id} was killed, and does not end")
            waiting.exception()  # looked at: it is deleted, or was never started
        finally:
            waiting.cancel()

    async def _signal(self, identifier: str, number: int) -> None:
        try:
            await self._tasks.kill(identifier, "", number, everything=number == signal.SIGKILL)
        except NotFound:  # it has just ended
            return
