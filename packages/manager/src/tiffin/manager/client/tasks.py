"""`Task`: what runs of a container: its first process, those that are executed in it, and what concerns all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any as AnyMessage

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as messages
from tiffin.api.containerd.services.tasks.v1.tasks_services import TASKS
from tiffin.manager.client.process import Process
from tiffin.manager.client.snapshots import Snapshots
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from tiffin.api.containerd.services.containers.v1.containers_pb2 import Container
    from tiffin.api.containerd.types.metrics_pb2 import Metric
    from tiffin.api.containerd.types.mount_pb2 import Mount
    from tiffin.api.containerd.types.task.task_pb2 import Process as ProcessState
    from tiffin.api.containerd.types.task.task_pb2 import ProcessInfo
    from tiffin.manager.client.fifos import Ends
    from tiffin.manager.client.session import Session

PROCESS_TYPE = "types.containerd.io/opencontainers/runtime-spec/1/Process"


class Task(Process):
    """A task; all that a process has concerns its first one. state: as it was when it was listed, if it was.

    `delete` removes the task.
    """

    def __init__(
        self, session: Session, identifier: str, pid: int = 0, state: ProcessState | None = None
    ) -> None:
        super().__init__(session, identifier, "", pid)
        self.state = state

    def process(self, exec_id: str) -> Process:
        """A further process that was added, by its id."""
        return Process(self._session, self.container, exec_id)

    async def execute(self, exec_id: str, process: Mapping[str, Any], fifos: Ends | None = None) -> Process:
        """Adds a process, which `start` runs.

        Args:
            exec_id: its name within the container. process: as runtime-spec has it: args, cwd, env, user ...

        Raises:
            AlreadyExists: there is such a process. FailedPrecondition: the container does not run. NotFound
        """
        request = messages.ExecProcessRequest(
            container_id=self.container,
            exec_id=exec_id,
            spec=AnyMessage(type_url=PROCESS_TYPE, value=json.dumps(dict(process)).encode()),
            terminal=bool(process.get("terminal")),
            **_streams(fifos),
        )
        await self._session.ask(TASKS, "Exec", request)
        return Process(self._session, self.container, exec_id, fifos=fifos)

    async def pids(self) -> list[ProcessInfo]:
        """All processes of the container."""
        answer = await self._session.ask(
            TASKS, "ListPids", messages.ListPidsRequest(container_id=self.container)
        )
        return list(answer.processes)

    async def pause(self) -> None:
        """Freezes all of them."""
        await self._session.ask(TASKS, "Pause", messages.PauseTaskRequest(container_id=self.container))

    async def resume(self) -> None:
        """Lets them go on."""
        await self._session.ask(TASKS, "Resume", messages.ResumeTaskRequest(container_id=self.container))

    async def update(self, resources: Mapping[str, Any]) -> None:
        """Changes its limits: `linux.resources` as runtime-spec has them."""
        value = AnyMessage(
            type_url="types.containerd.io/opencontainers/runtime-spec/1/LinuxResources",
            value=json.dumps(dict(resources)).encode(),
        )
        request = messages.UpdateTaskRequest(container_id=self.container, resources=value)
        await self._session.ask(TASKS, "Update", request)

    async def metrics(self) -> Metric:
        """Of its cgroup: a message of `tiffin.api.cgroups`. Raises NotFound."""
        request = messages.MetricsRequest(filters=[f"id=={json.dumps(self.container)}"])
        answer = await self._session.ask(TASKS, "Metrics", request)
        if not answer.metrics:  # a manager leaves out what it cannot measure
            raise NotFound(f"there are no metrics of {self.container!r}: it does not run")
        metric: Metric = answer.metrics[0]
        return metric


async def create_task(
    session: Session, container: Container, fifos: Ends | None, rootfs: Sequence[Mount], checkpoint: str
) -> Task:
    """See `Container.create_task`."""
    mounts = list(rootfs)
    if container.snapshot_key:
        mounts += await Snapshots(session, container.snapshotter).mounts(container.snapshot_key)
    request = messages.CreateTaskRequest(
        container_id=container.id,
        rootfs=mounts,
        terminal=bool(json.loads(container.spec.value).get("process", {}).get("terminal")),
        runtime_path="",
        **_streams(fifos),
    )
    if checkpoint:
        request.options.CopyFrom(_restoring(checkpoint))
    answer = await session.ask(TASKS, "Create", request)
    if fifos is not None:
        await fifos.connect()
    return Task(session, container.id, answer.pid)


def _restoring(folder: str) -> AnyMessage:
    from tiffin.api.containerd.types.runc.options.oci_pb2 import Options
    from tiffin.api.typeurl import pack

    return pack(Options(criu_image_path=folder))


def _streams(fifos: Ends | None) -> dict[str, Any]:
    """Fields of a request. Values of the wire, as containerd has them: paths."""
    if fifos is None:
        return {}
    return {"stdin": fifos.paths[0], "stdout": fifos.paths[1], "stderr": fifos.paths[2]}


async def tasks_of(session: Session) -> dict[str, Task]:
    """All of a namespace."""
    answer = await session.ask(TASKS, "List", messages.ListTasksRequest())
    return {each.id: Task(session, each.id, each.pid, each) for each in answer.tasks}
