"""What directories get last: a later entry may still want to write into them, which changes their times."""

from __future__ import annotations

import os
from errno import ENAMETOOLONG

from tiffin.image.errors import InvalidImage
from tiffin.runtime.record import Record

from .attributes import set_times
from .root import DIRECTORY, Root
from .tar.entry import Entry


class Last(Record):
    """Mode and times (in nanoseconds) of the directory at `path`."""

    path: bytes
    mode: int
    mtime: int
    atime: int | None


class Directories:
    """The directories of a root that were written, by inode: a path may change its meaning."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._last: dict[int, Last] = {}

    def remember(self, inode: int, path: bytes, entry: Entry) -> None:
        """Keeps what the layer says of a directory."""
        self._last[inode] = Last(path, entry.mode, entry.mtime, entry.atime)

    def like(self, inode: int, path: bytes, status: os.stat_result) -> None:
        """Keeps what another directory, of a layer below, has."""
        self._last[inode] = Last(path, status.st_mode & 0o7777, status.st_mtime_ns, status.st_atime_ns)

    def touched(self, inode: int, descriptor: int) -> None:
        """Keeps what a directory of a lower layer has before this one changes what is in it, as umoci does."""
        if inode in self._last:
            return
        try:
            path = self._root.path_of(descriptor)
        except OSError as error:
            if error.errno != ENAMETOOLONG:  # then it gets the time of now, as with containerd
                raise
        else:
            self.like(inode, path, os.fstat(descriptor))

    def forget(self, inode: int) -> None:
        """A new directory has this inode now."""
        self._last.pop(inode, None)

    def finish(self) -> None:
        """Sets modes and times, the deepest directories first. Raises OSError if the kernel refuses."""
        for inode, last in sorted(self._last.items(), key=lambda item: item[1].path, reverse=True):
            above, _, base = last.path.rpartition(b"/")
            try:
                parent = self._root.directory(above)
                descriptor = os.open(base or b".", DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            except (FileNotFoundError, NotADirectoryError, InvalidImage):
                continue  # a later layer took it away
            try:
                if os.fstat(descriptor).st_ino == inode:
                    os.fchmod(descriptor, last.mode)
                    set_times(last.mtime, last.atime, descriptor)
            finally:
                os.close(descriptor)
        self._last.clear()
