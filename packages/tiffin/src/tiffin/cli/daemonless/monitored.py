"""A container in the background and its `tiffin-monitor`: what it has recorded, and waiting for the end.

<container's folder>/monitor/    the monitor's own: socket, init/pid, init/exit
                    /log/        output.log, output.log.1 ...
"""

from __future__ import annotations

import os

from tiffin.cli.failure import CommandFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.shim.monitor.values import Exit

MONITOR, LOG = "monitor", "log/output.log"
SECONDS = 10.0  # between the end of a process and its record there is nothing but the monitor's own work


def is_monitored(folder: str) -> bool:
    """Whether the container was started in the background."""
    return os.path.isdir(os.path.join(folder, MONITOR))


def recorded_exit(folder: str) -> int | None:
    """The exit code on the disk; None if there is none (yet)."""
    path = os.path.join(folder, MONITOR, "init", "exit")
    if not os.path.exists(path):  # the common case needs no import
        return None
    from tiffin.shim.monitor.records import recorded

    found = recorded(os.path.join(folder, MONITOR)).get("init")
    return found.exit.status if found is not None and found.exit is not None else None


def exit_code(folder: str, *, seconds: float | None = None) -> int | None:
    """Waits for the end; the exit code, None if the monitor was killed before.

    Args:
        seconds: how long at most; None: as long as it runs.

    Raises:
        CommandFailed: the time was up.
    """
    found = recorded_exit(folder)
    if found is not None:
        return found
    import asyncio

    try:
        asyncio.run(_ended(os.path.join(folder, MONITOR), seconds))
    except TimeoutError:
        name = os.path.basename(folder)
        raise CommandFailed(f"{name!r} has not ended within {seconds:g} s, says its monitor") from None
    return recorded_exit(folder)


async def _ended(directory: str, seconds: float | None) -> None:
    import asyncio

    from tiffin.runtime.errors import Unavailable
    from tiffin.shim.monitor import Monitor

    ended = asyncio.Event()
    try:
        monitor = await Monitor.connect(directory, _Ear(ended))
    except Unavailable:
        return
    try:
        known = {process.name: process for process in await monitor.processes()}
        if "init" not in known or known["init"].exit is not None:
            return
        async with asyncio.timeout(seconds):
            await ended.wait()
    finally:
        await monitor.close()


def kill(folder: str) -> None:
    """Kills the first process if it runs still: its monitor knows it also where its runtime does not any more."""
    if recorded_exit(folder) is not None:
        return
    import asyncio

    asyncio.run(_kill(os.path.join(folder, MONITOR)))


async def _kill(directory: str) -> None:
    import asyncio
    from contextlib import suppress
    from signal import SIGKILL

    from tiffin.runtime.errors import RuntimeFailure, Unavailable
    from tiffin.shim.monitor import Monitor

    try:
        monitor = await Monitor.connect(directory, _Ear(asyncio.Event()))
    except Unavailable:  # it has ended, and its processes with it
        return
    try:
        with suppress(RuntimeFailure):  # the process has just ended
            await monitor.signal("init", SIGKILL)
    finally:
        await monitor.close()


class _Ear:
    """A `Listener` that tells of the end of the first process, or of the monitor."""

    def __init__(self, ended: _Event) -> None:
        self._ended = ended

    def exited(self, name: str, exit: Exit) -> None:  # noqa: A002, ARG002  # the listener's own names
        if name == "init":
            self._ended.set()

    def drained(self, name: str) -> None:
        pass

    def lost(self) -> None:
        self._ended.set()


if TYPE_CHECKING:
    from asyncio import Event as _Event
