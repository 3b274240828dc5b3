"""Locks that vanish with their process: flock(2) on a file that may be removed while it is held."""

from __future__ import annotations

import fcntl
import os


class Lock:
    """A held lock; `release` or the end of the process gives it up."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def release(self, *, remove: bool = False) -> None:
        """Gives the lock up, and removes its file if asked to."""
        if remove:
            os.unlink(self.path)
        os.close(self.descriptor)


def acquire(path: str, *, wait: bool = True) -> Lock | None:
    """Takes the lock.

    Args:
        path: its file, which is made if it is missing.
        wait: whether to wait for another process that holds it.

    Returns:
        the lock, or None if another process holds it and `wait` is not set.

    Raises:
        OSError: for example if the folder is missing.
    """
    operation = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if _is_still(path, descriptor):
            return Lock(path, descriptor)
        os.close(descriptor)  # its last holder removed the file: this lock would exclude nobody


def is_held(path: str) -> bool:
    """Whether somebody holds a lock now, this process too. Raises OSError."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def remove_unused(folder: str) -> None:
    """Removes the files of locks that nobody holds: left by processes that were killed. Raises OSError."""
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        lock = acquire(os.path.join(folder, name), wait=False)
        if lock is not None:
            lock.release(remove=True)


def _is_still(path: str, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
