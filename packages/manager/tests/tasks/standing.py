"""`StandIn`: a `RuntimeTask` that does as a test says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tiffin.manager.runtimes.bundles.bundle import Bundle
from tiffin.manager.runtimes.values import Exit, ProcessState, Status

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any

    from tiffin.manager.runtimes.values import Execution, Member, Update
    from tiffin.runtime.errors import RuntimeFailure


class StandIn:
    """It answers at once, or hangs until it goes on.

    next_pid: of what is started next. failure: what it answers instead. questions: how often it was asked for a state.
    waited_for: the processes for whose end it was asked; it comes by `end`. done: changes that it has made.
    folders: where it was asked to write checkpoints.
    """

    in_process = False

    def __init__(self, bundle: Bundle | None = None) -> None:
        self.bundle = bundle or Bundle("default", "c1", "/nowhere", "/nowhere")
        self.waited_for: list[str] = []
        self.done: list[str] = []
        self.folders: asyncio.Queue[str] = asyncio.Queue()
        self.end: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self.next_pid = 10
        self.failure: RuntimeFailure | None = None
        self.questions = 0
        self.status = Status.RUNNING
        self._going = asyncio.Event()
        self._going.set()

    def hang(self) -> None:
        """It answers nobody."""
        self._going.clear()

    def go_on(self, status: Status) -> None:
        """It answers, also those who have asked before."""
        self.status = status
        self._going.set()

    async def _answer(self) -> None:
        await self._going.wait()
        if self.failure is not None:
            raise self.failure

    async def pid(self) -> int:
        await self._answer()
        return self.next_pid

    async def start(self, exec_id: str) -> int:  # noqa: ARG002
        await self._answer()
        return self.next_pid

    async def delete(self, exec_id: str) -> Exit:  # noqa: ARG002
        await self._answer()
        return Exit(self.next_pid, 0, 0)

    async def execute(self, execution: Execution) -> None:  # noqa: ARG002
        await self._answer()

    async def state(self, exec_id: str) -> ProcessState:
        self.questions += 1
        await self._answer()
        return ProcessState(exec_id, self.next_pid, self.status)

    async def kill(self, exec_id: str, signal: int, *, everything: bool) -> None:  # noqa: ARG002
        await self._answer()

    async def wait(self, exec_id: str) -> Exit:
        self.waited_for.append(exec_id)
        return await asyncio.shield(self.end)

    async def members(self) -> list[Member]:
        await self._answer()
        return []

    async def pause(self) -> None:
        await self._answer()

    async def resume(self) -> None:
        await self._answer()

    async def resize(self, exec_id: str, width: int, height: int) -> None:  # noqa: ARG002
        await self._answer()

    async def close_stdin(self, exec_id: str) -> None:  # noqa: ARG002
        await self._answer()

    async def checkpoint(self, folder: str, options: Any | None) -> None:  # noqa: ARG002
        self.folders.put_nowait(folder)
        await self._answer()

    async def update(self, update: Update) -> None:  # noqa: ARG002
        await self._answer()
        self.done.append("update")

    async def stats(self) -> Any:
        raise NotImplementedError

    async def give_up(self) -> None:
        """Nothing to do."""
