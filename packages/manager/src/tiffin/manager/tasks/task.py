"""`Task`: a task with bounded answers, and with what was known of it last where it does not answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from tiffin.manager.runtimes.values import Exit, ProcessState, Status
from tiffin.manager.tasks.asking import Asking
from tiffin.manager.tasks.knowledge import Knowledge
from tiffin.runtime.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any

    from google.protobuf.any_pb2 import Any as AnyMessage

    from tiffin.manager.runtimes.port import RuntimeTask
    from tiffin.manager.runtimes.values import Execution, Member, Update
    from tiffin.manager.tasks.limits import Limits

T = TypeVar("T")
SETTLE = 5.0  # seconds
MOST_CHANGES = 1024  # at once: who kills what hangs does so again and again, and each try waits for ever


class Task:
    """One container's task. Errors are those of what it runs on, TimedOut, and Unavailable (too much hangs already).

    Args:
        runs_on: what it runs on.
        limits: how long its answers may take.
        gone: called when it is deleted.
    """

    def __init__(self, runs_on: RuntimeTask, limits: Limits, gone: Callable[[Task], None]) -> None:
        self.runs_on = runs_on
        self.namespace = runs_on.bundle.namespace
        self.id = runs_on.bundle.id
        self.asking = Asking(f"task {self.id}")
        self.known = Knowledge(runs_on, self.asking, limits.state)
        self._limits = limits
        self._gone = gone
        self._changing: set[asyncio.Task[Any]] = set()
        self._removing = asyncio.Lock()
        self._removed = False

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

    async def stats(self) -> AnyMessage:
        """Metrics."""
        return await self.asking.ask("stats", self._limits.stats, self.runs_on.stats())

    # what changes it

    async def start(self, exec_id: str) -> int:
        """Lets a process run; its pid."""

        async def start() -> int:
            pid = await self.runs_on.start(exec_id)
            self.known.process(exec_id).started(pid)
            return pid

        return await self._change(f"start {exec_id}", self._limits.start, start())

    async def execute(self, execution: Execution) -> None:
        """Adds a process."""

        async def execute() -> None:
            await self.runs_on.execute(execution)
            self.known.begin(ProcessState(execution.exec_id, 0, Status.CREATED, execution.streams))

        await self._change(f"exec {execution.exec_id}", self._limits.execute, execute())

    async def delete(self, exec_id: str) -> Exit:
        """Removes a process that has ended, or with "" the whole task."""
        work = self._delete(exec_id) if exec_id else self._remove()
        return await self._change(f"delete {exec_id}", self._limits.delete, work)

    @property
    def is_being_removed(self) -> bool:
        """Somebody has asked for it, and it is not through yet, or done."""
        return self._removed or self._removing.locked()

    async def _remove(self) -> Exit:
        """By the first who asks: its bundle must be gone before another task gets its name, and not be removed then."""
        async with self._removing:
            if self._removed:
                raise NotFound(f"task {self.id} not found")
            return await self._delete("")

    async def _delete(self, exec_id: str) -> Exit:
        try:
            exit_ = await self.runs_on.delete(exec_id)
        except NotFound:
            await self._deleted(exec_id)
            raise
        self.known.process(exec_id).end(exit_)
        await self._deleted(exec_id)
        return exit_

    async def _deleted(self, exec_id: str) -> None:
        if exec_id:
            self.known.forget(exec_id)
        else:
            self._removed = True
            self._gone(self)
            await self.known.close()

    async def kill(self, exec_id: str, signal: int, *, everything: bool) -> None:
        """Sends a signal."""
        answer = self.runs_on.kill(exec_id, signal, everything=everything)
        await self._change(f"kill {exec_id}", self._limits.kill, answer)

    async def pause(self) -> None:
        """Freezes all processes."""

        async def pause() -> None:
            await self.runs_on.pause()
            self.known.process("").change(Status.PAUSED)

        await self._change("pause", self._limits.pause, pause())

    async def resume(self) -> None:
        """Lets them go on."""

        async def resume() -> None:
            await self.runs_on.resume()
            self.known.process("").change(Status.RUNNING)

        await self._change("resume", self._limits.pause, resume())

    async def resize(self, exec_id: str, width: int, height: int) -> None:
        """Sets the size of a terminal, characters."""
        answer = self.runs_on.resize(exec_id, width, height)
        await self.asking.ask(f"resize {exec_id}", self._limits.resize, answer)

    async def close_stdin(self, exec_id: str) -> None:
        """Nobody will write to a process's stdin any more."""
        answer = self.runs_on.close_stdin(exec_id)
        await self.asking.ask(f"close-io {exec_id}", self._limits.close_stdin, answer)

    async def checkpoint(self, write: Callable[[RuntimeTask], Coroutine[None, None, T]]) -> T:
        """Writes an image of CRIU. write: does it, and clears up after it; as every change, whether or not we wait."""
        return await self._change("checkpoint", self._limits.checkpoint, write(self.runs_on))

    async def update(self, update: Update) -> None:
        """Changes resources."""
        await self._change("update", self._limits.update, self.runs_on.update(update))

    async def _change(self, stage: str, seconds: float, work: Coroutine[None, None, T]) -> T:
        """What has been begun is finished, whether or not the caller waits for it: nothing is left half done.

        Raises Unavailable: so much hangs already that nothing more is begun.
        """
        if len(self._changing) >= MOST_CHANGES:
            work.close()
            raise Unavailable(f"task {self.id}: nothing that changes it is answered ({self.asking.text()})")

        async def change() -> T:
            try:
                return await work
            finally:
                self.known.outdated()

        task = asyncio.get_running_loop().create_task(change())
        self._changing.add(task)
        task.add_done_callback(self._changed)
        return await self.asking.ask(stage.rstrip(), seconds, asyncio.shield(task))

    def _changed(self, task: asyncio.Task[Any]) -> None:
        self._changing.discard(task)
        if not task.cancelled():
            task.exception()  # it was told, or its caller has gone

    async def close(self) -> None:
        """Nobody asks any more; what changes it gets some time to end. What the kernel holds then is not waited for."""
        await self.known.close()
        await self._settle()
        for task in self._changing:
            task.cancel()
        await self._settle()

    async def _settle(self) -> None:
        if self._changing:
            await asyncio.wait(self._changing, timeout=SETTLE)
