"""`TaskService`: the methods of containerd's task service, each of them one call of `Tasks`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.runtime.task.v3 import shim_pb2
from tiffin.runtime.errors import NotFound

from .messages import (
    create_task,
    delete_response,
    pids_response,
    state_response,
    stdio_of,
    wait_response,
)
from .options import checkpoint_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.ttrpc import Context

    from ..tasks.tasks import Tasks
    from .changes import Changes


class TaskService:
    """Answers for the tasks of one shim.

    Args:
        shutdown: called when a client has asked the shim to end and it keeps no container.
        changes: that are at work in this shim.
        debug: OCI runtimes log what they do.
    """

    def __init__(
        self, tasks: Tasks, shutdown: Callable[[], None], changes: Changes, *, debug: bool = False
    ) -> None:
        self._tasks = tasks
        self._shutdown = shutdown
        self._debug = debug
        self._finished = changes.finished
        self._changes = changes

    async def create(self, request: shim_pb2.CreateTaskRequest, _: Context) -> shim_pb2.CreateTaskResponse:
        task = create_task(request, debug=self._debug)
        return shim_pb2.CreateTaskResponse(pid=await self._finished(self._tasks.create(task)))

    async def start(self, request: shim_pb2.StartRequest, _: Context) -> shim_pb2.StartResponse:
        pid = await self._finished(self._tasks.start(request.id, request.exec_id))
        return shim_pb2.StartResponse(pid=pid)

    async def delete(self, request: shim_pb2.DeleteRequest, _: Context) -> shim_pb2.DeleteResponse:
        return delete_response(await self._finished(self._tasks.delete(request.id, request.exec_id)))

    async def exec(self, request: shim_pb2.ExecProcessRequest, _: Context) -> Empty:
        await self._finished(
            self._tasks.execute(request.id, request.exec_id, request.spec.value, stdio_of(request))
        )
        return Empty()

    async def state(self, request: shim_pb2.StateRequest, _: Context) -> shim_pb2.StateResponse:
        return state_response(await self._tasks.state(request.id, request.exec_id), request.exec_id)

    async def pids(self, request: shim_pb2.PidsRequest, _: Context) -> shim_pb2.PidsResponse:
        return pids_response(await self._tasks.pids(request.id))

    async def pause(self, request: shim_pb2.PauseRequest, _: Context) -> Empty:
        await self._finished(self._tasks.pause(request.id))
        return Empty()

    async def resume(self, request: shim_pb2.ResumeRequest, _: Context) -> Empty:
        await self._finished(self._tasks.resume(request.id))
        return Empty()

    async def checkpoint(self, request: shim_pb2.CheckpointTaskRequest, _: Context) -> Empty:
        options = checkpoint_options(request.path, request.options)
        await self._finished(self._tasks.checkpoint(request.id, options))
        return Empty()

    async def kill(self, request: shim_pb2.KillRequest, _: Context) -> Empty:
        killing = self._tasks.kill(request.id, request.exec_id, request.signal, everything=request.all)
        await self._finished(killing)
        return Empty()

    async def resize_pty(self, request: shim_pb2.ResizePtyRequest, _: Context) -> Empty:
        await self._tasks.resize(request.id, request.exec_id, request.width, request.height)
        return Empty()

    async def close_io(self, request: shim_pb2.CloseIORequest, _: Context) -> Empty:
        if request.stdin:
            await self._tasks.close_io(request.id, request.exec_id)
        return Empty()

    async def update(self, request: shim_pb2.UpdateTaskRequest, _: Context) -> Empty:
        await self._finished(self._tasks.update(request.id, request.resources.value))
        return Empty()

    async def wait(self, request: shim_pb2.WaitRequest, _: Context) -> shim_pb2.WaitResponse:
        return wait_response(await self._tasks.wait(request.id, request.exec_id))

    async def stats(self, request: shim_pb2.StatsRequest, _: Context) -> shim_pb2.StatsResponse:
        return shim_pb2.StatsResponse(stats=await self._tasks.stats(request.id))

    async def connect(self, request: shim_pb2.ConnectRequest, _: Context) -> shim_pb2.ConnectResponse:
        """Also answers for a container that is not there, as the real shim does: containerd asks so if a shim lives."""
        try:
            task_pid = (await self._tasks.connect(request.id)).task_pid
        except NotFound:
            task_pid = 0
        return shim_pb2.ConnectResponse(shim_pid=os.getpid(), task_pid=task_pid)

    async def shutdown(self, _: shim_pb2.ShutdownRequest, __: Context) -> Empty:
        """Ends the shim; as with the real one only when it keeps no container, even if `now` is asked.

        Nobody asks again: so what is being changed now, by a client that may have gone, is waited for first.
        """
        self._changes.when_none(self._end_if_empty)
        return Empty()

    def _end_if_empty(self) -> None:
        if not self._tasks.containers():
            self._shutdown()
