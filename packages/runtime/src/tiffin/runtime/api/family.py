"""Kills a process of a container with all that it has started: the children of children, and its whole session.

/proc tells parents and sessions. All are stopped first, so that nobody can fork away, and killed then; a stopped
process keeps its pid. What has left both its parents and its session (a daemon) belongs to the container, and ends
with it.
"""

from __future__ import annotations

import contextlib
import os
import signal

SESSION_FIELD = 6 - 3  # fields of /proc/PID/stat, counted from the one after the name (proc_pid_stat(5))
PARENT_FIELD = 4 - 3


def kill_family(root: int) -> None:
    """Kills a process, its descendants and its session.

    Args:
        root: a child of this program that has not been reaped, so that the pid is its own.
    """
    stopped: set[int] = set()
    while new := family_of(root) - stopped:
        for pid in new:
            _send(pid, signal.SIGSTOP)
        stopped |= new
    for pid in stopped | {root}:
        _send(pid, signal.SIGKILL)


def family_of(root: int) -> set[int]:
    """The pids of a living process, its descendants and its session, as /proc shows them now."""
    parents: dict[int, int] = {}
    found = set()
    for pid, parent, session in _processes():
        parents[pid] = parent
        if root in {pid, session}:
            found.add(pid)
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in found and pid not in found}
        found |= more
        grown = bool(more)
    return found


def _processes() -> list[tuple[int, int, int]]:
    """(pid, parent, session) of every process."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdecimal():
            continue
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            with open(f"/proc/{name}/stat", "rb") as stream:
                data = stream.read()
            fields = data[data.rindex(b")") + 2 :].split()
            found.append((int(name), int(fields[PARENT_FIELD]), int(fields[SESSION_FIELD])))
    return found


def _send(pid: int, number: signal.Signals) -> None:
    """One that has ended, or that has become another user's program, is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
