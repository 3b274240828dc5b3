"""What changes a task that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.manager.runtimes.values import Update

if TYPE_CHECKING:
    from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.tasks.manager import TaskManager


class Changes:
    """Methods of the service."""

    def __init__(self, manager: TaskManager) -> None:
        self._manager = manager

    async def kill(self, request: tasks.KillRequest, call: Call) -> Empty:
        """Sends a signal."""
        task = self._manager.get(call.namespace, request.container_id)
        await task.kill(request.exec_id, request.signal, everything=request.all)
        return Empty()

    async def pause(self, request: tasks.PauseTaskRequest, call: Call) -> Empty:
        """Freezes a task."""
        await self._manager.get(call.namespace, request.container_id).pause()
        return Empty()

    async def resume(self, request: tasks.ResumeTaskRequest, call: Call) -> Empty:
        """Lets it go on."""
        await self._manager.get(call.namespace, request.container_id).resume()
        return Empty()

    async def resize_pty(self, request: tasks.ResizePtyRequest, call: Call) -> Empty:
        """Sets the size of a terminal."""
        task = self._manager.get(call.namespace, request.container_id)
        await task.resize(request.exec_id, request.width, request.height)
        return Empty()

    async def close_io(self, request: tasks.CloseIORequest, call: Call) -> Empty:
        """Nobody writes to a process's stdin any more; without `stdin` there is nothing to close."""
        task = self._manager.get(call.namespace, request.container_id)
        if request.stdin:
            await task.close_stdin(request.exec_id)
        return Empty()

    async def update(self, request: tasks.UpdateTaskRequest, call: Call) -> Empty:
        """Changes resources."""
        task = self._manager.get(call.namespace, request.container_id)
        resources = request.resources if request.HasField("resources") else None
        await task.update(Update(resources, dict(request.annotations)))
        return Empty()
