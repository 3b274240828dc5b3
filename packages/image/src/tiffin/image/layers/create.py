"""Making one file of a layer: a function for each type of tar entry, in the table CREATORS."""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Callable, Iterable
from errno import EEXIST, ENOENT, ENOTDIR, EPERM
from tarfile import TarFile, TarInfo
from typing import Any, cast

from tiffin.image.errors import InvalidImage

from . import names
from .root import Root

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
BLOCK = 1024 * 1024

Creator = Callable[[TarFile, TarInfo, bytes, int, Root], None]


def regular(archive: TarFile, entry: TarInfo, base: bytes, parent: int, _root: Root) -> None:
    """A file with content; the holes of a sparse one stay holes."""
    descriptor = os.open(base, NEW_FILE, 0o600, dir_fd=parent)
    try:
        if entry.size:
            _fill(archive, entry, descriptor)
    finally:
        os.close(descriptor)


def _fill(archive: TarFile, entry: TarInfo, descriptor: int) -> None:
    content = archive.extractfile(entry)
    if content is None:
        raise InvalidImage(f"{entry.name!r} in the layer has no content")
    reader = cast(
        "Any", content
    ).raw  # a stream cannot seek, and the buffer would ask; its map of extents can
    for start, size in _extents(entry):
        reader.seek(start)
        left = size
        while left:
            data = reader.read(min(BLOCK, left))
            if not data:
                raise InvalidImage(f"the layer ends in the middle of {entry.name!r}")
            _write(descriptor, data, start + size - left)
            left -= len(data)
    if entry.issparse():
        os.ftruncate(descriptor, entry.size)


def _extents(entry: TarInfo) -> Iterable[tuple[int, int]]:
    """Where a file has content: (start, size), in order."""
    if not entry.issparse():
        return ((0, entry.size),)
    extents: list[tuple[int, int]] = cast("Any", entry).sparse  # typeshed has another type for it
    end = 0
    for start, size in extents:
        if size == 0:  # GNU tar pads its map with these, and ends it with one at the end of the file
            continue
        if start < end or size < 0 or start + size > entry.size:
            raise InvalidImage(f"the map of the sparse file {entry.name!r} in the layer is broken")
        end = start + size
    return extents


def _write(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def symbolic_link(_archive: TarFile, entry: TarInfo, base: bytes, parent: int, _root: Root) -> None:
    """A symbolic link, as it is: whatever it says, it is resolved inside the root."""
    target = entry.linkname.encode("utf-8", "surrogateescape")
    if not target:
        raise InvalidImage(f"the symbolic link {entry.name!r} in the layer points to nothing")
    os.symlink(target, base, dir_fd=parent)


def hard_link(_archive: TarFile, entry: TarInfo, base: bytes, parent: int, root: Root) -> None:
    """Another name of a file that this layer, or one below, has in the root."""
    above, _, target = names.clean(entry.linkname).rpartition(b"/")
    kept = os.dup(parent)  # asking the root for another directory may close the first
    try:
        os.link(target, base, src_dir_fd=root.directory(above), dst_dir_fd=kept, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (ENOENT, ENOTDIR, EPERM, EEXIST):
            raise
        reason = f"hard link {entry.name!r} to {entry.linkname!r} in the layer: {error.strerror}"
        raise InvalidImage(reason) from error
    finally:
        os.close(kept)


def device(_archive: TarFile, entry: TarInfo, base: bytes, parent: int, _root: Root) -> None:
    """A character or block device, or a named pipe."""
    kinds = {tarfile.CHRTYPE: stat.S_IFCHR, tarfile.BLKTYPE: stat.S_IFBLK, tarfile.FIFOTYPE: stat.S_IFIFO}
    number = 0 if entry.isfifo() else os.makedev(entry.devmajor, entry.devminor)
    os.mknod(base, kinds[entry.type] | 0o600, number, dir_fd=parent)


CREATORS: dict[bytes, Creator] = {
    tarfile.REGTYPE: regular,
    tarfile.AREGTYPE: regular,
    tarfile.CONTTYPE: regular,
    tarfile.GNUTYPE_SPARSE: regular,
    tarfile.SYMTYPE: symbolic_link,
    tarfile.LNKTYPE: hard_link,
    tarfile.CHRTYPE: device,
    tarfile.BLKTYPE: device,
    tarfile.FIFOTYPE: device,
}
