"""Which builds run just now: what one has taken from the cache since it began is not forgotten before it ends.

    <root>/build/running/*        one for each, locked (flock) by it; its time is when it began

A lease for each result would do the same, but wait for the disk each time.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = "build/running"


@contextmanager
def running(root: str) -> Iterator[None]:
    """Says for the length of the block that a build runs. root: of the store. Raises OSError."""
    folder = os.path.join(root, FOLDER)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    path, lock = _locked(folder)
    try:
        yield
    finally:
        os.unlink(path)
        os.close(lock)


def _locked(folder: str) -> tuple[str, int]:
    while True:
        path = os.path.join(folder, os.urandom(8).hex())
        lock = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:
            return path, lock
        os.close(lock)  # it was taken for one that a killed build has left


def begin_of_oldest(root: str) -> int | None:
    """When the oldest build that runs began, in nanoseconds since 1970; None if there is none. Raises OSError."""
    folder = os.path.join(root, FOLDER)
    begins = [
        _begin(os.path.join(folder, name)) for name in (os.listdir(folder) if os.path.isdir(folder) else ())
    ]
    return min((begin for begin in begins if begin is not None), default=None)


def _begin(path: str) -> int | None:
    """When a build began; None if it has ended: then what it left is removed."""
    try:
        lock = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(lock).st_nlink:
            os.unlink(path)
    except BlockingIOError:
        return os.fstat(lock).st_mtime_ns
    finally:
        os.close(lock)
    return None
