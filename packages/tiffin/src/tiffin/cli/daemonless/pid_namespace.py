"""The processes of a container that has no cgroup, as an ordinary user's often has none: those of its pid namespace."""

from __future__ import annotations

import os
from contextlib import suppress


def pids_beside(pid: int) -> list[int]:
    """All pids in the pid namespace of a process; that one alone if the namespace is ours (`run --pid host`).

    Raises:
        OSError: the process has ended, or is not ours.
    """
    namespace = _namespace(pid)
    if namespace == _namespace(os.getpid()):
        return [pid]
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # it has ended, or is somebody else's
            if _namespace(int(name)) == namespace:
                found.append(int(name))
    return sorted(found)


def _namespace(pid: int) -> str:
    return os.readlink(f"/proc/{pid}/ns/pid")
