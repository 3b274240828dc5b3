"""A monitor and our executor, without tasks above them; and hooks that hang."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from packages.shim.tests.tasks.keeping import SECONDS

from tiffin.shim.monitor import Exit, Monitor
from tiffin.shim.runtimes.in_process import Executor, InProcess
from tiffin.shim.runtimes.limits import TimeLimits
from tiffin.shim.runtimes.options import RuntimeOptions

NAMES = ("c1", "c2", "c3")


class Heard:
    """A `Listener` that knows which processes have ended."""

    def __init__(self) -> None:
        self.exits: dict[str, Exit] = {}
        self.changed = asyncio.Event()

    def exited(self, name: str, exit: Exit) -> None:  # noqa: A002
        self.exits[name] = exit
        self.changed.set()

    async def until(self, name: str) -> None:
        """Until a process has ended."""
        async with asyncio.timeout(SECONDS):
            while name not in self.exits:
                await self.changed.wait()
                self.changed.clear()

    def drained(self, name: str) -> None:
        pass

    def lost(self) -> None:
        self.changed.set()


class Place:
    """An executor, and a monitor."""

    def __init__(self, folder: Path, executor: Executor, monitor: Monitor, heard: Heard) -> None:
        self.heard = heard
        self.folder = folder
        self.executor = executor
        self.monitor = monitor

    def runtime(self, **limits: float) -> InProcess:
        """One with these time limits."""
        return InProcess(self.executor, RuntimeOptions(), namespace="n1", limits=TimeLimits(**limits))

    def containers(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "state/n1").glob("*"))

    def hook(self) -> tuple[dict[str, Any], Reached]:
        """A hook that tells that it runs, and hangs."""
        reached = Reached(self.folder / f"reached-{os.urandom(4).hex()}")
        script = f"echo reached > {reached.path}; exec sleep 1000"
        return {"path": "/bin/sh", "args": ["sh", "-c", script]}, reached


class Reached:
    """A FIFO that is written to once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)

    async def wait(self) -> None:
        await self.told()

    async def told(self) -> str:
        """What was written."""
        async with asyncio.timeout(SECONDS):
            return (await asyncio.to_thread(self.path.read_text)).strip()


@contextlib.asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    """Whatever happens, the monitor and the containers are removed."""
    heard = Heard()
    monitor = await Monitor.start(str(folder / "monitor"), heard)
    with Executor(str(folder / "state")) as executor:
        made = Place(folder, executor, monitor, heard)
        try:
            yield made
        finally:
            for name in NAMES:
                await made.runtime().delete(name, force=True)
            await monitor.quit()
            await monitor.close()
