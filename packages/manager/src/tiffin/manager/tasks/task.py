"""`Task`: a task with bounded answers, and with what was known of it last where it does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tiffin.manager.runtimes.values import Exit, ProcessState, Status
from tiffin.manager.tasks.asking import Asking
from tiffin.manager.tasks.knowledge import Knowledge

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from google.protobuf.any_pb2 import Any

    from tiffin.manager.runtimes.port import RuntimeTask
    from tiffin.manager.runtimes.values import Execution, Member, Update
    from tiffin.manager.tasks.limits import Limits

T = TypeVar("T")


class Task:
    """One container's task. Errors are those of what it runs on, and TimedOut.

    Args:
        runs_on: what it runs on.
        limits: how long its answers may take.
    """

    def __init__(self, runs_on: RuntimeTask, limits: Limits) -> None:
        self.runs_on = runs_on
        self.namespace = runs_on.bundle.namespace
        self.id = runs_on.bundle.id
        self.asking = Asking(f"task {self.id}")
        self.known = Knowledge(runs_on, self.asking, limits.state)
        self._limits = limits

    # what tells of it

    async def state(self, exec_id: str) -> ProcessState:
        """How a process is; how it was, if what it runs on does not answer. Raises NotFound."""
        return await self.known.state(exec_id)

    async def wait(self, exec_id: str) -> Exit:
        """Until a process has ended. Raises NotFound."""
        return await self.known.wait(exec_id)

    async def members(self) -> Sequence[Member]:
        """All processes of the container."""
        return await self.asking.ask("pids", self._limits.members, self.runs_on.members())

    async def stats(self) -> Any:
        """Metrics."""
        return await self.asking.ask("stats", self._limits.stats, self.runs_on.stats())

    # what changes it

    async def start(self, exec_id: str) -> int:
        """Lets a process run; its pid."""
        pid = await self._change(f"start {exec_id}", self._limits.start, self.runs_on.start(exec_id))
        self.known.process(exec_id).change(Status.RUNNING, pid)
        return pid

    async def execute(self, execution: Execution) -> None:
        """Adds a process."""
        stage = f"exec {execution.exec_id}"
        await self._change(stage, self._limits.execute, self.runs_on.execute(execution))
        state = ProcessState(execution.exec_id, 0, Status.CREATED, execution.streams)
        self.known.process(execution.exec_id).learn(state)

    async def delete(self, exec_id: str) -> Exit:
        """Removes a process that has ended, or with "" the whole task."""
        exit_ = await self._change(f"delete {exec_id}", self._limits.delete, self.runs_on.delete(exec_id))
        self.known.process(exec_id).end(exit_)
        if exec_id:
            self.known.forget(exec_id)
        return exit_

    async def kill(self, exec_id: str, signal: int, *, everything: bool) -> None:
        """Sends a signal."""
        answer = self.runs_on.kill(exec_id, signal, everything=everything)
        await self._change(f"kill {exec_id}", self._limits.kill, answer)

    async def pause(self) -> None:
        """Freezes all processes."""
        await self._change("pause", self._limits.pause, self.runs_on.pause())
        self.known.process("").change(Status.PAUSED)

    async def resume(self) -> None:
        """Lets them go on."""
        await self._change("resume", self._limits.pause, self.runs_on.resume())
        self.known.process("").change(Status.RUNNING)

    async def resize(self, exec_id: str, width: int, height: int) -> None:
        """Sets the size of a terminal, characters."""
        answer = self.runs_on.resize(exec_id, width, height)
        await self.asking.ask(f"resize {exec_id}", self._limits.resize, answer)

    async def close_stdin(self, exec_id: str) -> None:
        """Nobody will write to a process's stdin any more."""
        answer = self.runs_on.close_stdin(exec_id)
        await self.asking.ask(f"close-io {exec_id}", self._limits.close_stdin, answer)

    async def checkpoint(self, folder: str, options: Any | None) -> None:
        """Writes an image of CRIU."""
        answer = self.runs_on.checkpoint(folder, options)
        await self._change("checkpoint", self._limits.checkpoint, answer)

    async def update(self, update: Update) -> None:
        """Changes resources."""
        await self.asking.ask("update", self._limits.update, self.runs_on.update(update))

    async def _change(self, stage: str, seconds: float, answer: Awaitable[T]) -> T:
        try:
            return await self.asking.ask(stage.rstrip(), seconds, answer)
        finally:
            self.known.outdated()
