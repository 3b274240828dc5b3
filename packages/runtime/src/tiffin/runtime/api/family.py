"""Kills a process of a container with all that it has started: the children of children, and its whole session.

/proc tells parents and sessions. All are stopped first, so that nobody can fork away, and killed then; a stopped
process keeps its pid. SIGSTOP takes effect when a process comes out of the kernel, where it may be forking just then:
they are looked at until all are seen to be stopped. What has left both its parents and its session (a daemon) belongs
to the container, and ends with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from tiffin.runtime.record import Record

SESSION_FIELD = 6 - 3  # fields of /proc/PID/stat, counted from the one after the name (proc_pid_stat(5))
PARENT_FIELD = 4 - 3
STATE_FIELD = 3 - 3
FORKS_NOT = frozenset(b"TtZX")  # states: stopped, or dead
SECONDS = 1.0  # for all to stop; what hangs in the kernel, or is frozen, does not
BETWEEN_LOOKS = 0.001  # seconds: no event tells that another's child has stopped


class Member(Record):
    """A process as /proc shows it. state: a letter."""

    pid: int
    parent: int
    session: int
    state: int


def kill_family(root: int) -> set[int]:
    """Kills a process, its descendants and its session; blocks until they are stopped, in bounds.

    Args:
        root: a child of this program that has not been reaped, so that the pid is its own.

    Returns:
        The pids of all that were killed, which may take a moment to be dead.
    """
    known: set[int] = set()
    until = time.monotonic() + SECONDS
    quiet = False  # whether all were stopped before this look, which sees the last that they have forked
    while True:
        family = family_of(root)
        new = {one.pid for one in family} - known
        if not new and (quiet or time.monotonic() > until):
            break
        for pid in new:
            _send(pid, signal.SIGSTOP)
        known |= new
        quiet = not new and all(one.state in FORKS_NOT for one in family)
        if not new and not quiet:
            time.sleep(BETWEEN_LOOKS)
    known.add(root)
    for pid in known:
        _send(pid, signal.SIGKILL)
    return known


def family_of(root: int) -> list[Member]:
    """A living process, its descendants and its session, as /proc shows them now."""
    everybody = _processes()
    found = {one.pid for one in everybody if root in {one.pid, one.session}}
    grown = True
    while grown:
        more = {one.pid for one in everybody if one.parent in found} - found
        found |= more
        grown = bool(more)
    return [one for one in everybody if one.pid in found]


def _processes() -> list[Member]:
    """Every process."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            with open(f"/proc/{name}/stat", "rb") as stream:
                data = stream.read()
            fields = data[data.rindex(b")") + 2 :].split()
            numbers = (int(fields[PARENT_FIELD]), int(fields[SESSION_FIELD]))
            found.append(Member(int(name), *numbers, fields[STATE_FIELD][0]))
    return found


def _send(pid: int, number: signal.Signals) -> None:
    """One that has ended, or that has become another user's program, is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
