"""`CatchingUp`: what a killed shim had not told yet is found out, and told in its place.

A shim that has taken its tasks back tells what it knows to be untold; what its predecessor had sent, and was killed
before that arrived, it does not know. So each process is asked for, and an exit that does not come by itself is told.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from tiffin.runtime.errors import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.manager.runtimes.values import Exit
    from tiffin.manager.tasks.process import Process
    from tiffin.manager.tasks.task import Task

GRACE = 1.0  # seconds in which a shim's own events come, the start of a process before its exit


class CatchingUp:
    """With tasks whose shims were started again. tell_exit: tells an exit that was not told yet."""

    def __init__(self, tell_exit: Callable[[Task, Process, Exit], None]) -> None:
        self._tell_exit = tell_exit
        self._at_work: set[asyncio.Task[None]] = set()

    def begin(self, task: Task) -> None:
        """Asks for its processes."""
        work = asyncio.get_running_loop().create_task(self._catch_up(task))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)

    async def _catch_up(self, task: Task) -> None:
        untold = [process for process in task.known.processes if not process.told]
        for process in untold:
            with suppress(RuntimeFailure):  # it is deleted, or the shim has died again: then this begins anew
                await task.state(process.exec_id)
        await asyncio.sleep(GRACE)
        for process in untold:
            if process.stopped and process.exit is not None:
                self._tell_exit(task, process, process.exit)

    async def close(self) -> None:
        """Gives up."""
        for work in self._at_work:
            work.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)
