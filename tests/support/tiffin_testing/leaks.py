"""The check that a test left nothing behind: no process, no mount, no cgroup, no state.

The test session is made a subreaper, so whatever a runtime under test abandons becomes our child and is seen here.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin_testing.cgroups import CgroupParent
    from tiffin_testing.oci_runtime import OCIRuntime

PR_SET_CHILD_SUBREAPER = 36  # <sys/prctl.h>, Linux 3.4
FLAGS_FIELD = 9 - 3  # of /proc/PID/stat, counted from the one after the name (proc_pid_stat(5))
PF_EXITING = 0x4  # <linux/sched.h>
SUPERVISORS = ("tiffin-monitor", "containerd-shim")  # as their threads are called


def become_subreaper() -> None:
    """Orphans below this process become its children; raises OSError."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def children() -> frozenset[int]:
    """Processes whose parent is this one, zombies too."""
    found: set[int] = set()
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended
            found.update(map(int, path.read_text().split()))
    return frozenset(found)


def reap_supervisors() -> None:
    """Reaps monitors and shims that have become ours and have ended: whoever started them was killed by a test."""
    for pid in children():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, ChildProcessError):
            name, _, rest = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(")")
            if name.startswith(SUPERVISORS) and rest.split()[0] == "Z":
                os.waitpid(pid, os.WNOHANG)


def mounts() -> frozenset[str]:
    """Mount ids and points of this mount namespace."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return frozenset(f"{fields[0]} {fields[4]}" for line in lines if (fields := line.split(" ")))


@dataclass(frozen=True)
class Snapshot:
    """What there was at one moment."""

    children: frozenset[int]
    mounts: frozenset[str]
    cgroups: frozenset[Path]

    @classmethod
    def take(cls, parent: CgroupParent) -> Snapshot:
        return cls(children(), mounts(), parent.existing())


def leaked_processes(before: frozenset[int]) -> list[str]:
    """Reaps dead orphans, kills living ones, and names the living ones.

    One without words, or that was killed, is on its way out: on a busy machine that may take it a while.
    """
    found = []
    left = []
    for pid in reap(children() - before):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if (words := _command_line(pid)) and not is_dying(pid):
                found.append(f"process {pid}: {words}")
            os.kill(pid, 9)
            left.append(pid)
    while left := reap(left):
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)  # until one of them ends
    return found


def reap(pids: Iterable[int]) -> list[int]:
    """Reaps those that are dead; returns the others.

    In rounds: the init of a pid namespace ends only when all others in it are reaped, and those may be ours too.
    """
    left = sorted(pids)
    while True:
        living = [pid for pid in left if not _reaped(pid)]
        if len(living) == len(left):
            return living
        left = living


def _reaped(pid: int) -> bool:
    """Whether there is no such child (any more)."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()


def is_dying(pid: int) -> bool:
    """Whether it is on its way out, or a SIGKILL waits for it: for it alone, or for all of its threads."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    pending = [int(line.split()[1], 16) for line in status if line.startswith(("SigPnd:", "ShdPnd:"))]
    flags = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[FLAGS_FIELD])
    return bool(flags & PF_EXITING) or any(mask >> (signal.SIGKILL - 1) & 1 for mask in pending)


def leaks_since(before: Snapshot, parent: CgroupParent, runtimes: list[OCIRuntime]) -> list[str]:
    """What is there now and was not before, one line each; processes are killed, state and cgroups removed."""
    found = [
        f"state of container {name} in {runtime.root}"
        for runtime in runtimes
        for name in runtime.containers()
    ]
    for runtime in runtimes:
        runtime.delete_all()
    found += leaked_processes(before.children)
    found += [f"mount {mount}" for mount in sorted(mounts() - before.mounts)]
    found += [f"cgroup {path}" for path in sorted(parent.existing() - before.cgroups)]
    parent.remove()
    return found
