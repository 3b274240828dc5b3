"""Making one file of a layer: a function for each type of tar entry, in the table CREATORS."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from errno import EFBIG, EINVAL, ENOENT, ENOTDIR, EPERM

from tiffin.image.errors import InvalidImage

from . import names
from .root import Root
from .tar import entry as kinds
from .tar.entry import Entry
from .tar.reader import TarReader

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Creator = Callable[[Entry, bytes, int, Root], None]
REGULAR = frozenset((kinds.REGULAR, kinds.CONTIGUOUS, kinds.GNU_SPARSE))


def fill(archive: TarReader, entry: Entry, descriptor: int) -> None:
    """Writes the content of a regular file; the holes of a sparse one stay holes.

    Raises:
        InvalidImage: if the archive ends in the middle, or says a size that no file can have.
    """
    if entry.extents is None:
        for piece in archive.content():
            _write(descriptor, piece)
        return
    try:
        for start, size in entry.extents:
            os.lseek(descriptor, start, os.SEEK_SET)
            for piece in archive.content(size):
                _write(descriptor, piece)
        os.ftruncate(descriptor, entry.real_size)
    except OSError as error:
        if error.errno in (EFBIG, EINVAL):
            raise InvalidImage(
                f"{entry.shown} in the layer is of {entry.real_size} bytes, with holes"
            ) from error
        raise


def _write(descriptor: int, piece: memoryview) -> None:
    written = os.write(descriptor, piece)
    while written < len(piece):
        written += os.write(descriptor, piece[written:])


def symbolic_link(entry: Entry, base: bytes, parent: int, _root: Root) -> None:
    """A symbolic link, as it is: whatever it says, it is resolved inside the root."""
    if not entry.target or b"\0" in entry.target or len(entry.target) > names.MOST_BYTES:
        raise InvalidImage(f"the symbolic link {entry.shown} in the layer has a target that none can have")
    os.symlink(entry.target, base, dir_fd=parent)


def hard_link(entry: Entry, base: bytes, parent: int, root: Root) -> None:
    """Another name of a file that this layer, or one below, has in the root."""
    above, _, target = names.clean(entry.target).rpartition(b"/")
    kept = os.dup(parent)  # asking the root for another directory may close the first
    try:
        os.link(
            target or b".", base, src_dir_fd=root.directory(above), dst_dir_fd=kept, follow_symlinks=False
        )
    except OSError as error:
        if error.errno not in (ENOENT, ENOTDIR, EPERM):
            raise
        reason = f"hard link {entry.shown} to {names.shown(entry.target)} in the layer: {error.strerror}"
        raise InvalidImage(reason) from error
    finally:
        os.close(kept)


def device(entry: Entry, base: bytes, parent: int, _root: Root) -> None:
    """A character or block device, or a named pipe."""
    types = {kinds.CHARACTER: stat.S_IFCHR, kinds.BLOCK_DEVICE: stat.S_IFBLK, kinds.FIFO: stat.S_IFIFO}
    major, minor = entry.device
    if not (0 <= major < 2**12 and 0 <= minor < 2**20):  # what the kernel's dev_t holds
        raise InvalidImage(f"{entry.shown} in the layer is the device {major}:{minor}, which is out of range")
    os.mknod(base, types[entry.type] | 0o600, os.makedev(major, minor), dir_fd=parent)


CREATORS: dict[bytes, Creator] = {
    kinds.SYMBOLIC_LINK: symbolic_link,
    kinds.HARD_LINK: hard_link,
    kinds.CHARACTER: device,
    kinds.BLOCK_DEVICE: device,
    kinds.FIFO: device,
}
