"""How an entry of the cache of filters is written: a finished file is renamed into place, old ones are dropped."""

from __future__ import annotations

import contextlib
import os
import time

ENTRIES_MAXIMUM = 64
TEMPORARY = ".new-"
ABANDONED = 60.0  # seconds: an older temporary file belongs to a writer that was killed
FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_entry(directory: int, name: str, data: bytes) -> None:
    """Writes a file of the cache atomically, then keeps the cache within its bounds.

    No fsync: what a power loss tears is found by its checksum, and compiled again.

    Raises:
        OSError: the file system does not let us.
    """
    temporary = f"{TEMPORARY}{os.getpid()}-{os.urandom(8).hex()}"
    descriptor = os.open(temporary, FLAGS, 0o600, dir_fd=directory)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
        os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=directory)
        raise
    prune(directory)


def prune(directory: int) -> None:
    """Removes what killed writers left, and the oldest entries above the bound. Others may do the same meanwhile."""
    ages: list[tuple[float, str]] = []
    for name in os.listdir(directory):
        with contextlib.suppress(FileNotFoundError):
            written = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime
            if not name.startswith(TEMPORARY):
                ages.append((written, name))
            elif time.time() - written > ABANDONED:
                os.unlink(name, dir_fd=directory)
    for _, name in sorted(ages)[: max(0, len(ages) - ENTRIES_MAXIMUM)]:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=directory)
