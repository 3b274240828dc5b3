"""Where a shim is: its cgroup and its cookie for core scheduling, which it inherits from `start`, and its OOM score.

`start` changes itself before it forks, so the shim is never anywhere else, and what fails is told to containerd.
"""

from __future__ import annotations

import posix

from tiffin.runtime.cgroup.layout import detect_layout
from tiffin.runtime.errors import NotFound, OperationFailed

HIGHEST_SCORE = 1000
PR_SCHED_CORE, PR_SCHED_CORE_CREATE, PIDTYPE_TGID = 62, 1, 1


def join_cgroup(path: str) -> None:
    """Moves this process into a cgroup, in every tree that has it.

    Args:
        path: as containerd's option ShimCgroup has it, from the root of the trees.

    Raises:
        NotFound: no tree has it: it must be there, as for the real shim.
        OperationFailed: the kernel refused.
    """
    layout = detect_layout()
    trees = [tree for tree in (*layout.hierarchies, layout.unified) if tree is not None]
    places = [f"{tree.mount_point}/{path.strip('/')}" for tree in trees]
    there = [place for place in places if posix.access(f"{place}/cgroup.procs", posix.F_OK)]
    if not there:
        raise NotFound(f"the shim's cgroup does not exist: {path}")
    for place in there:
        try:
            _write(f"{place}/cgroup.procs", b"0")
        except OSError as error:
            raise OperationFailed(
                f"cannot join the cgroup {place}: {error.strerror}", errno=error.errno or 0
            ) from error


def oom_score_after(containerd: int) -> int:
    """The oom_score_adj with which the kernel kills a shim rather than its containerd. containerd: a pid."""
    with open(f"/proc/{containerd}/oom_score_adj", "rb", 0) as stream:
        return min(int(stream.readall()) + 1, HIGHEST_SCORE)


def set_oom_score(score: int) -> None:
    """Sets that of this process. Where that is denied: nothing."""
    try:
        _write("/proc/self/oom_score_adj", str(score).encode())
    except PermissionError:  # in a user namespace a score may not be lowered, and ours may be higher already
        return


def share_core_with_none() -> None:
    """Has no process share a core with this one but those that descend from it ($SCHED_CORE). Source: prctl(2).

    Raises OperationFailed if the kernel cannot.
    """
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, PIDTYPE_TGID, None) < 0:
        reason = ctypes.get_errno()
        raise OperationFailed(f"enable sched core support: {posix.strerror(reason)}", errno=reason)


def _write(path: str, data: bytes) -> None:
    descriptor = posix.open(path, posix.O_WRONLY | posix.O_CLOEXEC)
    try:
        posix.write(descriptor, data)
    finally:
        posix.close(descriptor)
