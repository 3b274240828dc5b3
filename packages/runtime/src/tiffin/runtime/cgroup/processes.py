"""The processes of a cgroup: which they are, and how to kill them all."""

from __future__ import annotations

import errno
import posix
import time

from ..errors import OperationFailed
from .apply import write
from .files import read_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGKILL = 9
KILL_ROUNDS = 100


def subdirectories(directory: str) -> Iterator[str]:
    """The cgroups below one, the deepest first, without itself; none if it is gone."""
    try:
        with posix.scandir(directory) as entries:
            children = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return
    for child in children:
        yield from subdirectories(child)
        yield child


def pids_in(directory: str) -> tuple[int, ...]:
    """The processes of one cgroup; empty if it is gone. A threaded cgroup of v2 gives its threads."""
    try:
        text = read_text(f"{directory}/cgroup.procs")
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        text = read_text(f"{directory}/cgroup.threads")
    # 0 stands for a process that our pid namespace cannot see; to signal 0 would hit ourselves.
    return tuple(pid for pid in map(int, (text or "").split()) if pid)


def pids_below(directory: str) -> tuple[int, ...]:
    """The processes of a cgroup and of all below it."""
    found = list(pids_in(directory))
    for child in subdirectories(directory):
        found += pids_in(child)
    return tuple(found)


def kill_v2(directory: str) -> bool:
    """Kills the whole cgroup by cgroup.kill, which also stops forks.

    Returns:
        False if the kernel lacks it (before 5.14), or the cgroup is threaded.

    Raises:
        OperationFailed: it may not be written.
    """
    try:
        write(f"{directory}/cgroup.kill", b"1")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EOPNOTSUPP):
            return False
        raise OperationFailed(
            f"writing {directory}/cgroup.kill: {error.strerror}", errno=error.errno or 0
        ) from error
    return True


def signal_all(pids: Callable[[], tuple[int, ...]], signal: int) -> None:
    """Signals every process once; for SIGKILL again, until those that were forked meanwhile are dying too.

    Callers freeze the cgroup first, so that one round is enough; where it does not freeze, rounds follow.

    Raises:
        OperationFailed: a process may not be signalled.
    """
    signalled: set[int] = set()
    for _ in range(KILL_ROUNDS):
        new = set(pids()) - signalled
        if not new:
            return
        for pid in new:
            try:
                posix.kill(pid, signal)
            except ProcessLookupError:
                continue
            except OSError as error:
                raise OperationFailed(f"kill {pid}: {error.strerror}", errno=error.errno or 0) from error
        signalled |= new
        if signal != SIGKILL:
            return


def remove_tree(directory: str, *, seconds: float = 2.0) -> None:
    """Removes a cgroup and those below it, deepest first. Processes that are just dying keep it busy for a moment.

    Args:
        directory: a container's own cgroup; one that does not exist is fine.
        seconds: for how long a busy one is tried again.

    Raises:
        OperationFailed: it stayed busy, or may not be removed.
    """
    deadline = time.monotonic() + seconds
    pause = 0.0005
    while True:
        try:
            _remove_once(directory)
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise OperationFailed(
                    f"removing the cgroup {directory}: {error.strerror}", errno=error.errno or 0
                ) from error
            time.sleep(pause)
            pause = min(pause * 2, 0.1)
        else:
            return


def _remove_once(directory: str) -> None:
    try:
        posix.rmdir(directory)
    except FileNotFoundError:
        return
    except OSError as error:
        # A read-only mount says EROFS even for what does not exist.
        if not posix.access(directory, posix.F_OK):
            return
        if error.errno not in (errno.EBUSY, errno.ENOTEMPTY):
            raise
    else:
        return
    for child in subdirectories(directory):
        _rmdir_if_there(child)
    _rmdir_if_there(directory)


def _rmdir_if_there(directory: str) -> None:
    try:
        posix.rmdir(directory)
    except FileNotFoundError:
        return
