"""`EntryCopier`: copies one file so that nobody can tell: content, holes, type, owner, mode, xattrs and times."""

from __future__ import annotations

import fcntl
import os
import stat
from errno import EINVAL, ENODATA, ENOTSUP, ENXIO, EOPNOTSUPP, EPERM, EXDEV

from .attributes import set_mode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

FICLONE = 0x40049409  # <linux/fs.h>
CANNOT_CLONE = (EINVAL, ENOTSUP, EOPNOTSUPP, EXDEV, EPERM, 25)  # 25: ENOTTY, what an older kernel says
BLOCK = 16 * 1024 * 1024


class EntryCopier:
    """Copies files from one directory to another. left_out: extended attributes whose names begin so are not copied."""

    def __init__(self, left_out: tuple[str, ...] = ()) -> None:
        self._left_out = left_out
        self._clones = True

    def copy(self, source: int, target: int, name: bytes, status: os.stat_result) -> None:
        """Copies what is no directory from one open directory to the same name in another.

        Sockets are left out. Without root, devices are refused and owners become the caller. Raises OSError.
        """
        if stat.S_ISREG(status.st_mode):
            self._copy_file(source, target, name, status)
        elif stat.S_ISLNK(status.st_mode):
            os.symlink(os.readlink(name, dir_fd=source), name, dir_fd=target)
            self._copy_attributes_by_name(source, target, name, status)
        elif not stat.S_ISSOCK(status.st_mode):
            os.mknod(name, status.st_mode, status.st_rdev, dir_fd=target)
            self._copy_attributes_by_name(source, target, name, status)

    def copy_attributes(self, source: int, target: int, status: os.stat_result) -> None:
        """Owner, then what a change of the owner takes away (capabilities, set-id bits), then the times."""
        _set_owner(target, None, status)
        self._copy_xattrs(((key, os.getxattr(source, key)) for key in os.listxattr(source)), target)
        os.fchmod(target, stat.S_IMODE(status.st_mode))
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _copy_file(self, above: int, below: int, name: bytes, status: os.stat_result) -> None:
        flags = os.O_CLOEXEC | os.O_NOFOLLOW
        source = os.open(name, os.O_RDONLY | flags, dir_fd=above)
        try:
            target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, 0o600, dir_fd=below)
            try:
                if not (self._clones and self._clone(source, target)):
                    _copy_content(source, target, status.st_size)
                self.copy_attributes(source, target, status)
            finally:
                os.close(target)
        finally:
            os.close(source)

    def _clone(self, source: int, target: int) -> bool:
        """Shares the blocks, where the file system can: ioctl_ficlone(2). Asked once where it cannot."""
        try:
            fcntl.ioctl(target, FICLONE, source)
        except OSError as error:
            if error.errno not in CANNOT_CLONE:
                raise
            self._clones = False
            return False
        return True

    def _copy_attributes_by_name(self, source: int, target: int, name: bytes, status: os.stat_result) -> None:
        _set_owner(name, target, status)
        # xattrs of links and devices can only be reached by a path; that of /proc leads to the open directory
        old, new = (b"/proc/self/fd/%d/%s" % (each, name) for each in (source, target))
        keys = os.listxattr(old, follow_symlinks=False)
        self._copy_xattrs(((key, os.getxattr(old, key, follow_symlinks=False)) for key in keys), new)
        if not stat.S_ISLNK(status.st_mode):
            set_mode(stat.S_IMODE(status.st_mode), name, target)
        times = (status.st_atime_ns, status.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=target, follow_symlinks=False)

    def _copy_xattrs(self, pairs: Iterable[tuple[str, bytes]], target: int | bytes) -> None:
        for key, value in pairs:
            if key.startswith(self._left_out):
                continue
            try:
                os.setxattr(target, key, value, follow_symlinks=isinstance(target, int))
            except OSError as error:
                if error.errno not in (ENOTSUP, ENODATA, EPERM) or (
                    error.errno == EPERM and os.geteuid() == 0
                ):
                    raise


def _copy_content(source: int, target: int, size: int) -> None:
    """Copies what is no hole."""
    position = 0
    while position < size:
        try:
            start = os.lseek(source, position, os.SEEK_DATA)
        except OSError as error:
            if error.errno != ENXIO:  # only a hole is left
                raise
            break
        position = os.lseek(source, start, os.SEEK_HOLE)
        _copy_range(source, target, start, position)
    os.ftruncate(target, size)


def _copy_range(source: int, target: int, start: int, end: int) -> None:
    while start < end:
        copied = os.copy_file_range(source, target, min(BLOCK, end - start), start, start)
        if not copied:
            raise OSError(EINVAL, "a file became shorter while it was copied")
        start += copied


def _set_owner(target: int | bytes, directory: int | None, status: os.stat_result) -> None:
    try:
        os.chown(
            target, status.st_uid, status.st_gid, dir_fd=directory, follow_symlinks=isinstance(target, int)
        )
    except OSError as error:
        if error.errno not in (EPERM, EINVAL) or os.geteuid() == 0:
            raise
