"""`Tree` and `Cursor`: a tree on disk, gone through by directory descriptors: no link is followed, no path too long.

Nobody else may change the tree meanwhile; whoever does gets an error or an odd layer, but leads nobody out of it.
"""

from __future__ import annotations

import os
import stat

from tiffin.image.errors import FailedPrecondition
from tiffin.image.layers.diff.file_info import FileInfo, look

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
UNREADABLE = 0o400


class Tree:
    """The tree below the directory `path`; files in it are opened anew each time, from the top, step by step."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)

    def look(self, path: bytes) -> FileInfo | None:
        """What is there. Raises OSError."""
        above, _, name = path.rpartition(b"/")
        directory = self.directory(above)
        try:
            return look(directory, name)
        finally:
            os.close(directory)

    def directory(self, path: bytes) -> int:
        """A descriptor of a directory, which the caller closes. Raises OSError."""
        descriptor = os.open(self.path, DIRECTORY & ~os.O_NOFOLLOW)
        for part in filter(None, path.split(b"/")):
            above = descriptor
            try:
                descriptor = os.open(part, DIRECTORY, dir_fd=above)
            finally:
                os.close(above)
        return descriptor


class FileOpener:
    """Opens files of trees one after the other; in a `with` statement. The last directory stays open for the next."""

    def __init__(self) -> None:
        self._place: tuple[str, bytes] = ("", b"")
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def open(self, tree: Tree, path: bytes) -> int:
        """A descriptor of the regular file `path`, which the caller closes. Raises OSError, FailedPrecondition."""
        above, _, name = path.rpartition(b"/")
        if self._descriptor < 0 or self._place != (tree.path, above):
            self._close()
            self._descriptor = tree.directory(above)
            self._place = (tree.path, above)
        return open_file(self._descriptor, name)


class Cursor:
    """One open directory of a tree at a time, moved by `enter` and `leave`."""

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(path, DIRECTORY & ~os.O_NOFOLLOW)
        self._above: list[tuple[int, int]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def names(self) -> list[bytes]:
        """What is in the directory, in no order."""
        return [os.fsencode(name) for name in os.listdir(self.descriptor)]

    def look(self, name: bytes) -> FileInfo | None:
        """A file in it, `.` for itself; None if there is none."""
        return look(self.descriptor, name)

    def open(self, name: bytes) -> int:
        """A descriptor of a regular file in it, which the caller closes."""
        return open_file(self.descriptor, name)

    def enter(self, name: bytes) -> None:
        """Goes down. Raises OSError if that is no directory."""
        opened = os.open(name, DIRECTORY, dir_fd=self.descriptor)
        self._above.append(_identity(self.descriptor))
        os.close(self.descriptor)
        self.descriptor = opened

    def leave(self) -> None:
        """Goes up again. Raises FailedPrecondition if the directory was moved meanwhile."""
        opened = os.open(b"..", DIRECTORY, dir_fd=self.descriptor)
        os.close(self.descriptor)
        self.descriptor = opened
        if _identity(opened) != self._above.pop():
            raise FailedPrecondition(
                "a directory was moved while the tree was compared: let nobody write to it"
            )


def open_file(directory: int, name: bytes) -> int:
    """Opens a regular file for reading, without waiting for anybody; our own even if its mode forbids it.

    Raises:
        FailedPrecondition: if it is something else by now.
        OSError: as open(2).
    """
    try:
        descriptor = os.open(name, FILE, dir_fd=directory)
    except PermissionError:
        descriptor = _open_unreadable(directory, name)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FailedPrecondition(f"{name!r} was replaced while the tree was read: let nobody write to it")
    return descriptor


def _open_unreadable(directory: int, name: bytes) -> int:
    """As an ordinary user, a file of ours of mode 0, such as /etc/shadow of some images."""
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & UNREADABLE:
        raise PermissionError(f"{name!r} may not be read by this user")
    mode = stat.S_IMODE(status.st_mode)
    os.chmod(name, mode | UNREADABLE, dir_fd=directory)
    try:
        return os.open(name, FILE, dir_fd=directory)
    finally:
        os.chmod(name, mode, dir_fd=directory)


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino
