"""The holes of big files, so that a sparse file of a terabyte is not a terabyte of zeros to hash and compress.

What counts is the content: equal files give equal bytes on any file system, whatever it has stored as holes.
Source: the manual of GNU tar, "PAX Format, Version 1.0"; GNU tar, Go's archive/tar, libarchive and Python read it.
"""

from __future__ import annotations

import os
from errno import EINVAL, ENXIO

from tiffin.image.layers.tar.entry import BLOCK, Entry, Extent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PIECE = 1024 * 1024  # a hole is at least one, and starts at a multiple of it
LEAST = 64 * PIECE  # of zeros altogether; below, an ordinary entry costs little
ZEROS = bytes(PIECE)
MOST_BASE = 80  # bytes, so that the name fits its field


def extents_of(descriptor: int, size: int) -> tuple[Extent, ...] | None:
    """What of a file of `size` bytes is not zero; None if it is not worth telling. Raises OSError."""
    if size < LEAST:
        return None
    extents: list[Extent] = []
    for start in _data(descriptor, size):
        length = min(PIECE, size - start)
        if os.pread(descriptor, length, start) == ZEROS[:length]:
            continue
        if extents and sum(extents[-1]) == start:
            extents[-1] = Extent(extents[-1].start, extents[-1].size + length)
        else:
            extents.append(Extent(start, length))
    return tuple(extents) if size - sum(extent.size for extent in extents) >= LEAST else None


def _data(descriptor: int, size: int) -> Iterator[int]:
    """Where the pieces start that are not certainly holes."""
    start = 0
    while start < size:
        try:
            found = os.lseek(descriptor, start, os.SEEK_DATA)
        except OSError as error:
            if error.errno == ENXIO:
                return  # nothing but a hole is left
            if error.errno != EINVAL:
                raise
            found = start
        start = max(start, found // PIECE * PIECE)
        if start < size:
            yield start
        start += PIECE


def sparse_records(entry: Entry, size: int) -> dict[bytes, bytes]:
    """The pax records of a sparse file."""
    return {
        b"GNU.sparse.major": b"1",
        b"GNU.sparse.minor": b"0",
        b"GNU.sparse.name": entry.name,
        b"GNU.sparse.realsize": b"%d" % size,
    }


def sparse_entry(entry: Entry, extents: Sequence[Extent], stored_map: bytes) -> Entry:
    """The entry as it stands in the header.

    Its name is for readers that know no sparse files, and short: a record `path` would win over the real name in
    Python's tarfile.
    """
    base = entry.name.rpartition(b"/")[2]
    stored = len(stored_map) + sum(extent.size for extent in extents)
    return entry.replace(name=b"GNUSparseFile.0/%s" % base[:MOST_BASE], size=stored)


def map_of(extents: Sequence[Extent], size: int) -> bytes:
    """The map at the start of the content. A hole at the end is told by an empty extent."""
    told = list(extents)
    if not told or sum(told[-1]) < size:
        told.append(Extent(size, 0))
    text = b"%d\n" % len(told) + b"".join(b"%d\n%d\n" % extent for extent in told)
    return text + bytes(-len(text) % BLOCK)
