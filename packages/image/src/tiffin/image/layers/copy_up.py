"""What a layer in a root of its own needs of the layers below it: implied directories, and targets of hard links."""

from __future__ import annotations

import os
import stat
from errno import ELOOP, ENOENT, ENOTDIR

from .attributes import OVERLAYFS, set_times
from .directories import Directories
from .root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
BLOCK = 1024 * 1024


class CopyUp:
    """Copies from the layers below.

    Args:
        parents: their roots, the nearest first.
        directories: where modes and times of directories are kept until the end.
    """

    def __init__(self, parents: Sequence[Root], directories: Directories) -> None:
        self._parents = parents
        self._directories = directories

    def implied(self, path: bytes, descriptor: int) -> None:
        """A directory was made that the layer only implies: overlayfs would show its mode, so it gets the one below."""
        inode = os.fstat(descriptor).st_ino
        self._directories.forget(inode)
        below = self._find(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        if below is None:
            return
        try:
            status = os.fstat(below)
            _copy_attributes(below, descriptor, status)
            self._directories.like(inode, path, status)
        finally:
            os.close(below)

    def file(self, path: bytes, base: bytes, parent: int) -> bool:
        """Copies the regular file `path` of a layer below to `base`; tells whether there is one."""
        below = self._find(path, FILE)
        if below is None:
            return False
        try:
            status = os.fstat(below)
            if not stat.S_ISREG(status.st_mode):
                return False
            new = os.open(base, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=parent)
            try:
                while count := os.copy_file_range(below, new, BLOCK):
                    del count
                _copy_attributes(below, new, status)
                os.fchmod(new, stat.S_IMODE(status.st_mode))
                set_times(status.st_mtime_ns, status.st_atime_ns, new)
            finally:
                os.close(new)
        finally:
            os.close(below)
        return True

    def _find(self, path: bytes, flags: int) -> int | None:
        for root in self._parents:
            try:
                return root.open(path, flags)
            except OSError as error:
                if error.errno in (ENOTDIR, ELOOP):
                    return None  # a whiteout, or something else that hides what is further below
                if error.errno != ENOENT:
                    raise
        return None


def _copy_attributes(source: int, target: int, status: os.stat_result) -> None:
    """Owner and extended attributes."""
    if os.geteuid() == 0:
        os.fchown(target, status.st_uid, status.st_gid)
    for name in os.listxattr(source):
        if not name.startswith(OVERLAYFS):
            os.setxattr(target, name, os.getxattr(source, name))
