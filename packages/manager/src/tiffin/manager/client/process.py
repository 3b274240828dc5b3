"""`Process`: the first one of a container, or one that was executed in it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NamedTuple

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as messages
from tiffin.api.containerd.services.tasks.v1.tasks_services import TASKS

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from tiffin.api.containerd.types.task.task_pb2 import Process as ProcessState
    from tiffin.manager.client.fifos import Ends
    from tiffin.manager.client.session import Session


class Exit(NamedTuple):
    """How a process ended. status: 0 to 255, 128 and the signal's number. at: nanoseconds since 1970."""

    status: int
    at: int


class Process:
    """One process, which may be there or not: every call asks the manager.

    Args:
        container: id of its container. exec_id: its own; "" is the first process.
        pid: as it was told; 0 if it was not yet.
        fifos: streams that the shim opens when it starts the process.
    """

    def __init__(
        self, session: Session, container: str, exec_id: str, pid: int = 0, fifos: Ends | None = None
    ) -> None:
        self._session = session
        self.container = container
        self.exec_id = exec_id
        self.pid = pid
        self._fifos = fifos

    async def start(self) -> int:
        """Lets it run; its pid."""
        request = messages.StartRequest(container_id=self.container, exec_id=self.exec_id)
        self.pid = (await self._session.ask(TASKS, "Start", request)).pid
        if self._fifos is not None:
            await self._fifos.connect()
        return self.pid

    async def wait(self) -> Exit:
        """Until it has ended. Raises NotFound."""
        request = messages.WaitRequest(container_id=self.container, exec_id=self.exec_id)
        answer = await self._session.ask(TASKS, "Wait", request)
        return Exit(answer.exit_status, _nanoseconds(answer.exited_at))

    async def kill(self, number: int = signal.SIGTERM, *, everything: bool = False) -> None:
        """Sends a signal. everything: to all processes of the container. Raises NotFound: it has ended."""
        request = messages.KillRequest(
            container_id=self.container, exec_id=self.exec_id, signal=number, all=everything
        )
        await self._session.ask(TASKS, "Kill", request)

    async def delete(self) -> Exit:
        """Removes what is known of it; it must have ended. Raises FailedPrecondition, NotFound."""
        if self.exec_id:
            request = messages.DeleteProcessRequest(container_id=self.container, exec_id=self.exec_id)
            answer = await self._session.ask(TASKS, "DeleteProcess", request)
        else:
            whole = messages.DeleteTaskRequest(container_id=self.container)
            answer = await self._session.ask(TASKS, "Delete", whole)
        return Exit(answer.exit_status, _nanoseconds(answer.exited_at))

    async def status(self) -> ProcessState:
        """How it is now. Raises NotFound."""
        request = messages.GetRequest(container_id=self.container, exec_id=self.exec_id)
        state: ProcessState = (await self._session.ask(TASKS, "Get", request)).process
        return state

    async def resize(self, width: int, height: int) -> None:
        """Of its terminal, characters."""
        request = messages.ResizePtyRequest(
            container_id=self.container, exec_id=self.exec_id, width=width, height=height
        )
        await self._session.ask(TASKS, "ResizePty", request)

    async def close_stdin(self) -> None:
        """It reads to the end of what was written, and then an end of file, once no client has its stdin open."""
        request = messages.CloseIORequest(container_id=self.container, exec_id=self.exec_id, stdin=True)
        await self._session.ask(TASKS, "CloseIO", request)


def _nanoseconds(time: Timestamp) -> int:
    return time.seconds * 1_000_000_000 + time.nanos
