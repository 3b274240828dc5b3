"""Copying a tree so that nobody can tell: content, holes, hard links, types, owners, modes, xattrs and times.

Only two directories are open at any depth; the source must not change meanwhile.
"""

from __future__ import annotations

import fcntl
import os
import stat
from errno import EINVAL, ENODATA, ENOTSUP, ENXIO, EOPNOTSUPP, EPERM, EXDEV

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

FICLONE = 0x40049409  # <linux/fs.h>
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
CANNOT_CLONE = (EINVAL, ENOTSUP, EOPNOTSUPP, EXDEV, EPERM, 25)  # 25: ENOTTY, what an older kernel says
BLOCK = 16 * 1024 * 1024


class _Copy:
    """One copying: the two open directories, and what was seen of hard links (by inode: the path of the copy)."""

    def __init__(self, source: str, target: str) -> None:
        self.root = target
        self.links: dict[tuple[int, int], str] = {}
        self.clones = True
        self.source = os.open(source, DIRECTORY)
        self.target = os.open(target, DIRECTORY)

    def close(self) -> None:
        os.close(self.source)
        os.close(self.target)

    def enter(self, name: str) -> None:
        """Goes down, or up by `..`: nothing is renamed below us."""
        self.source = _reopened(self.source, name)
        self.target = _reopened(self.target, name)

    def finish_directory(self) -> None:
        """Attributes of a directory come last: its mode may forbid writing, and its time changes by it."""
        _copy_attributes(self.source, self.target, os.fstat(self.source))


def _reopened(directory: int, name: str) -> int:
    opened = os.open(name, DIRECTORY, dir_fd=directory)
    os.close(directory)
    return opened


def copy_tree(source: str, target: str) -> None:
    """Copies what is in `source`, and the attributes of itself, to the existing, empty directory `target`.

    Sockets are left out. Without root, devices are refused and owners become the caller. Raises OSError.
    """
    state = _Copy(source, target)
    try:
        pending: list[tuple[str, list[str]]] = [("", _copy_entries(state, ""))]
        while pending:
            path, names = pending[-1]
            if names:
                name = names.pop()
                state.enter(name)
                inner = f"{path}/{name}" if path else name
                pending.append((inner, _copy_entries(state, inner)))
            else:
                state.finish_directory()
                pending.pop()
                if pending:
                    state.enter("..")
    finally:
        state.close()


def _copy_entries(state: _Copy, path: str) -> list[str]:
    """Copies everything in the current directory but what is in its directories; the names of these."""
    directories = []
    with os.scandir(state.source) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                os.mkdir(entry.name, 0o700, dir_fd=state.target)
                directories.append(entry.name)
            else:
                _copy_entry(state, entry.name, f"{path}/{entry.name}" if path else entry.name, status)
    return directories


def _copy_entry(state: _Copy, name: str, path: str, status: os.stat_result) -> None:
    if status.st_nlink > 1:
        first = state.links.setdefault((status.st_dev, status.st_ino), path)
        if first != path:
            _link(state, first, name)
            return
    if stat.S_ISREG(status.st_mode):
        _copy_file(state, name, status)
    elif stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=state.source), name, dir_fd=state.target)
        _copy_attributes_by_name(state, name, status)
    elif not stat.S_ISSOCK(status.st_mode):
        os.mknod(name, status.st_mode, status.st_rdev, dir_fd=state.target)
        _copy_attributes_by_name(state, name, status)


def _link(state: _Copy, first: str, name: str) -> None:
    """Another name of what was copied, found from the top step by step: the path may be longer than PATH_MAX."""
    directory = os.open(state.root, DIRECTORY)
    try:
        *above, last = first.split("/")
        for part in above:
            directory = _reopened(directory, part)
        os.link(last, name, src_dir_fd=directory, dst_dir_fd=state.target, follow_symlinks=False)
    finally:
        os.close(directory)


def _copy_file(state: _Copy, name: str, status: os.stat_result) -> None:
    flags = os.O_CLOEXEC | os.O_NOFOLLOW
    source = os.open(name, os.O_RDONLY | flags, dir_fd=state.source)
    try:
        target = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, 0o600, dir_fd=state.target)
        try:
            if not (state.clones and _clone(state, source, target)):
                _copy_content(source, target, status.st_size)
            _copy_attributes(source, target, status)
        finally:
            os.close(target)
    finally:
        os.close(source)


def _clone(state: _Copy, source: int, target: int) -> bool:
    """Shares the blocks, where the file system can: ioctl_ficlone(2). Asked once for each tree where it cannot."""
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError as error:
        if error.errno not in CANNOT_CLONE:
            raise
        state.clones = False
        return False
    return True


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


def _copy_attributes(source: int, target: int, status: os.stat_result) -> None:
    """Owner, then what a change of the owner takes away (capabilities, set-id bits), then the times."""
    _set_owner(target, None, status)
    _copy_xattrs(((key, os.getxattr(source, key)) for key in os.listxattr(source)), target)
    os.fchmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))


def _copy_attributes_by_name(state: _Copy, name: str, status: os.stat_result) -> None:
    _set_owner(name, state.target, status)
    # xattrs of links and devices can only be reached by a path; that of /proc leads to the open directory
    source, target = (f"/proc/self/fd/{number}/{name}" for number in (state.source, state.target))
    keys = os.listxattr(source, follow_symlinks=False)
    _copy_xattrs(((key, os.getxattr(source, key, follow_symlinks=False)) for key in keys), target)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(name, stat.S_IMODE(status.st_mode), dir_fd=state.target)
    times = (status.st_atime_ns, status.st_mtime_ns)
    os.utime(name, ns=times, dir_fd=state.target, follow_symlinks=False)


def _set_owner(target: int | str, directory: int | None, status: os.stat_result) -> None:
    try:
        os.chown(
            target, status.st_uid, status.st_gid, dir_fd=directory, follow_symlinks=isinstance(target, int)
        )
    except OSError as error:
        if error.errno not in (EPERM, EINVAL) or os.geteuid() == 0:
            raise


def _copy_xattrs(pairs: Iterable[tuple[str, bytes]], target: int | str) -> None:
    for key, value in pairs:
        try:
            os.setxattr(target, key, value, follow_symlinks=isinstance(target, int))
        except OSError as error:
            if error.errno not in (ENOTSUP, ENODATA, EPERM) or (error.errno == EPERM and os.geteuid() == 0):
                raise
