"""Ends a command that a monitor runs for us and that hangs, with all that it has started."""

from __future__ import annotations

import asyncio
import contextlib
import os

from tiffin.runtime.api.family import kill_family
from tiffin.runtime.errors import RuntimeFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..monitor.client import Monitor
    from ..monitor.values import Spawn

SECONDS = 5.0  # for the monitor to tell that a killed command has ended


async def stop_command(monitor: Monitor, spawn: Spawn, running: asyncio.Task[int]) -> int:
    """Kills the command, and has the monitor forget its process.

    Args:
        running: the call of `Monitor.run`.

    Returns:
        The pid of its process if the command was faster and has succeeded; then it is kept. 0 else.
    """
    await asyncio.to_thread(kill_commands, monitor.pid, spawn)
    await asyncio.wait([running], timeout=SECONDS)
    if not running.done():  # it is not the command that hangs: a logger that is not ready, or the monitor
        running.cancel()
    with contextlib.suppress(RuntimeFailure, asyncio.CancelledError):  # that is what was asked for
        return await running
    with contextlib.suppress(RuntimeFailure):  # the monitor does not know it any more, or is gone itself
        await monitor.forget(spawn.name)
    return 0


def kill_commands(monitor: int, spawn: Spawn) -> None:
    """Kills the monitor's children that run this very command line, with theirs."""
    wanted = b"".join(os.fsencode(word) + b"\0" for word in spawn.argv[1:])
    for pid in children_of(monitor):
        with contextlib.suppress(OSError):  # it has ended
            with open(f"/proc/{pid}/cmdline", "rb") as stream:
                words = stream.read()
            if words.endswith(wanted):  # a script's interpreter stands before its words
                kill_family(pid)


def children_of(pid: int) -> list[int]:
    """The children of all threads of a process (proc_pid_tid_children(5)); none if it is gone."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as stream:
                found += map(int, stream.read().split())
    return found
