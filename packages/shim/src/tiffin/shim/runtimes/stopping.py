"""Ends a command that makes a process and that hangs, or that nobody waits for any more, with all it has started.

It is known by the path of its pid file, which no other command has among its words: whoever is its parent by now.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import time

from tiffin.runtime.api.family import kill_family
from tiffin.runtime.errors import RuntimeFailure

from ..monitor.values import file_of
from ..tasks.threads import in_thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..monitor.client import Monitor
    from ..monitor.values import Spawn

SECONDS = 5.0  # for a killed command to be gone, and for the monitor to tell that


def pid_file_of(directory: str, name: str) -> str:
    """Where the command that makes a process writes its pid. name: what the monitor calls the process."""
    return file_of(directory, name, "pid")


async def stop_command(monitor: Monitor, spawn: Spawn, running: asyncio.Task[int]) -> int:
    """Kills the command, and has the monitor forget its process.

    Args:
        running: the call of `Monitor.run`.

    Returns:
        The pid of its process if the command was faster and has succeeded; then it is kept. 0 else.
    """
    await in_thread(kill_commands, spawn.pid_file)
    await asyncio.wait([running], timeout=SECONDS)
    if not running.done():  # it is not the command that hangs: a logger that is not ready, or the monitor
        running.cancel()
    with contextlib.suppress(RuntimeFailure, asyncio.CancelledError):  # that is what was asked for
        return await running
    await forget_in_time(monitor, spawn.name)
    return 0


async def forget_in_time(monitor: Monitor, name: str) -> None:
    """Has the monitor forget a process; one that hangs does so when it goes on. Whether it knows it is no matter."""
    with contextlib.suppress(RuntimeFailure, TimeoutError):
        async with asyncio.timeout(SECONDS):
            await monitor.forget(name)


def kill_commands(pid_file: str, *, after: float = 0.0) -> bool:
    """Kills the commands that have this pid file, with their families, and waits in bounds for their ends. Blocks.

    Args:
        after: seconds in which they may end by themselves.

    Returns:
        Whether one had to be killed.
    """
    found = _commands(pid_file)
    if after and not _wait(found, after):
        return False
    killed = set().union(*map(kill_family, found))
    _wait(sorted(killed), SECONDS)
    return bool(found)


def _wait(pids: list[int], seconds: float) -> list[int]:
    """Waits for the end of processes; those that are still there then."""
    deadline = time.monotonic() + seconds
    return [pid for pid in pids if not _has_ended(pid, max(0.0, deadline - time.monotonic()))]


def _has_ended(pid: int, seconds: float) -> bool:
    """Whether a process ends within the time."""
    try:
        end = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        poll = select.poll()  # not select(2), which knows no descriptor above 1023
        poll.register(end, select.POLLIN)
        return bool(poll.poll(seconds * 1000))
    finally:
        os.close(end)


def _commands(word: str) -> list[int]:
    """The processes, but for this one, that have a word on their command line."""
    wanted = b"\0" + os.fsencode(word) + b"\0"
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != os.getpid():
            with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline", "rb") as stream:  # it has ended
                if wanted in stream.read():
                    found.append(int(name))
    return found


def children_of(pid: int) -> list[int]:
    """The children of all threads of a process (proc_pid_tid_children(5)); none if it is gone."""
    found: list[int] = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as stream:
                found += map(int, stream.read().split())
    return found
