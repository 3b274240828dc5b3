"""How tasks and their processes come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.manager.events.checking import check_identifier
from tiffin.manager.runtimes.values import Execution
from tiffin.manager.services.tasks.messages import deleted, mounts_of, streams_of
from tiffin.manager.tasks.request import TaskRequest
from tiffin.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.services.tasks.checkpoints import Checkpoints
    from tiffin.manager.tasks.manager import TaskManager


class Lifecycle:
    """Methods of the service. checkpoints: where images of tasks are kept."""

    def __init__(self, manager: TaskManager, checkpoints: Checkpoints) -> None:
        self._manager = manager
        self._checkpoints = checkpoints

    async def create(self, request: tasks.CreateTaskRequest, call: Call) -> tasks.CreateTaskResponse:
        """Makes a task from a container."""
        folder = self._checkpoints.asked_for(request)
        restore = None
        if not folder and request.HasField("checkpoint"):
            restore = self._checkpoints.unpacked(call.namespace, request.checkpoint)
        asked = TaskRequest(
            container=request.container_id,
            rootfs=mounts_of(request.rootfs),
            streams=streams_of(request),
            runtime=request.runtime_path,
            options=request.options if request.HasField("options") else None,
            checkpoint=folder,
            restore=restore,
            address=request.task_api_address,
            version=request.task_api_version,
        )
        _, pid = await self._manager.create(call.namespace, asked)
        return tasks.CreateTaskResponse(container_id=request.container_id, pid=pid)

    async def start(self, request: tasks.StartRequest, call: Call) -> tasks.StartResponse:
        """Lets a process run."""
        task = self._manager.get(call.namespace, request.container_id)
        return tasks.StartResponse(pid=await task.start(request.exec_id))

    async def delete(self, request: tasks.DeleteTaskRequest, call: Call) -> tasks.DeleteResponse:
        """Removes a task."""
        return deleted("", await self._manager.delete(call.namespace, request.container_id))

    async def delete_process(self, request: tasks.DeleteProcessRequest, call: Call) -> tasks.DeleteResponse:
        """Removes a further process."""
        if not request.exec_id:
            raise InvalidArgument("exec id cannot be empty")
        task = self._manager.get(call.namespace, request.container_id)
        return deleted(request.exec_id, await task.delete(request.exec_id))

    async def execute(self, request: tasks.ExecProcessRequest, call: Call) -> Empty:
        """Adds a further process."""
        if not request.exec_id:
            raise InvalidArgument("exec id cannot be empty")
        task = self._manager.get(call.namespace, request.container_id)
        check_identifier("exec id", request.exec_id)
        await task.execute(Execution(request.exec_id, request.spec, streams_of(request)))
        return Empty()

    async def checkpoint(
        self, request: tasks.CheckpointTaskRequest, call: Call
    ) -> tasks.CheckpointTaskResponse:
        """Writes an image of a task, to a folder that the client names, or to the store."""
        task = self._manager.get(call.namespace, request.container_id)
        return await self._checkpoints.write(task, request, call)
