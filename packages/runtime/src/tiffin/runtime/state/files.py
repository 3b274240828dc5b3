"""Files of the state directory: read, written atomically, removed. Cold: nothing but `posix`."""

from __future__ import annotations

import errno
import posix

FILE_MODE = 0o600
REMOVE_ATTEMPTS = 10


def read_file(path: str) -> bytes:
    """All bytes of a file."""
    with open(path, "rb", 0) as stream:
        return stream.readall()


def write_all(descriptor: int, data: bytes) -> None:
    """write(2) until all is written."""
    view = memoryview(data)
    while view:
        view = view[posix.write(descriptor, view) :]


def write_atomically(directory: str, name: str, data: bytes) -> None:
    """A reader sees the old file or the new one, after a crash of the machine too.

    Temporary file, fsync, rename, fsync of the directory.
    """
    target = f"{directory}/{name}"
    temporary = f"{target}.new"
    flags = posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_CLOEXEC | posix.O_NOFOLLOW
    descriptor = posix.open(temporary, flags, FILE_MODE)
    try:
        write_all(descriptor, data)
        posix.fsync(descriptor)
    finally:
        posix.close(descriptor)
    posix.rename(temporary, target)
    synchronize(directory)


def synchronize(directory: str) -> None:
    """fsync(2) of a directory: the renames in it are on disk."""
    descriptor = posix.open(directory, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
    try:
        posix.fsync(descriptor)
    finally:
        posix.close(descriptor)


def make_parents(path: str, *, mode: int = 0o755) -> None:
    """`mkdir -p`; the mode is that of the last directory."""
    try:
        posix.mkdir(path, mode)
    except FileExistsError:
        return
    except FileNotFoundError:
        parent = path.rpartition("/")[0]
        if not parent:
            raise
        make_parents(parent)
        make_parents(path, mode=mode)


def remove_tree(path: str, *, last: tuple[str, ...] = ()) -> None:
    """`rm -rf`, which follows no symbolic link; one that is gone is fine.

    Args:
        last: names that go after all others, in this order.
    """
    for _ in range(REMOVE_ATTEMPTS):
        try:
            names = posix.listdir(path)
        except FileNotFoundError:
            return
        for name in sorted(names, key=lambda name: last.index(name) if name in last else -1):
            _remove(f"{path}/{name}")
        try:
            posix.rmdir(path)
            return
        except FileNotFoundError:
            return
        except OSError as error:  # somebody made a file (a lock) meanwhile
            if error.errno != errno.ENOTEMPTY:
                raise
    raise OSError(errno.ENOTEMPTY, "another process keeps making files in it", path)


def _remove(path: str) -> None:
    try:
        posix.unlink(path)
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):
        remove_tree(path)
