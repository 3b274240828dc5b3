"""Small steps that survive a power cut: what they made is on the disk when they return."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager

from tiffin.image.kernel import syncfs
from tiffin.runtime.state.files import synchronize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def locked_folder(path: str) -> Iterator[None]:
    """Keeps other processes of ours from changing what is in a folder: flock(2) on itself, which leaves no file.

    Raises OSError.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def make_folder(path: str, mode: int = 0o711) -> None:
    """Makes a folder and those above it, each synced; it is fine if it is there. Raises OSError."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    make_folder(above, mode)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        return
    synchronize(above)


def synchronize_all(folder: str) -> None:
    """syncfs(2) of the file system that a folder is on. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        syncfs(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: str, data: bytes) -> None:
    """Replaces a small file: a reader finds the old or the new content. Raises OSError."""
    partial = f"{path}.partial"
    with open(partial, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.rename(partial, path)
