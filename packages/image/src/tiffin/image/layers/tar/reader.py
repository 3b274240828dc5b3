"""Reading an archive from a stream, once and in order, strictly: a broken header is an error, never the end."""

from __future__ import annotations

from tiffin.image.errors import InvalidImage

from . import pax, sparse
from .entry import (
    BLOCK,
    DIRECTORY,
    GNU_DUMPDIR,
    GNU_NAME,
    GNU_SPARSE,
    GNU_TARGET,
    HEADER_ONLY,
    NANOSECONDS,
    OLD_REGULAR,
    PAX,
    PAX_GLOBAL,
    PAX_SOLARIS,
    REGULAR,
    Entry,
    Extent,
)
from .header import EMPTY, Header, parse
from .numbers import decimal, pax_time
from .source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_EXTRA = 1024 * 1024  # of a pax or GNU header, as Go's archive/tar; it is held in memory
MOST_IN_A_ROW = 16  # pax and GNU headers before one entry
NO_PAX: dict[bytes, bytes] = {}


class TarReader:
    """The entries of an uncompressed archive; an empty stream has none, as some builders write an empty layer.

    `content` gives the content of the entry that `entries` gave last.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = 0  # bytes of content not yet read, and the padding after them
        self._padding = 0
        self._global: dict[bytes, bytes] = {}

    def entries(self) -> Iterator[Entry]:
        """All entries. Raises InvalidImage if this is no archive, or it ends in the middle."""
        extra: dict[bytes, bytes] = {}
        records: list[tuple[bytes, bytes]] = []
        in_a_row = 0
        while (block := self._next()) is not None:
            header = parse(block, self._source.offset - BLOCK)
            if header.type in b"xgXLK":
                self._take_extra(header, extra, records)
                in_a_row += 1
                if in_a_row > MOST_IN_A_ROW:
                    raise InvalidImage(
                        "the layer has more pax and GNU headers in a row than any writer makes"
                    )
                continue
            yield self._entry(block, header, extra, records)
            if in_a_row:
                extra, records, in_a_row = {}, [], 0
        if in_a_row and extra:
            raise InvalidImage("the layer's tar archive is broken: it ends after a pax or GNU header")

    def content(self, size: int | None = None) -> Iterator[memoryview]:
        """The next `size` bytes (None: the rest) of the last entry's content; a piece is good until the next."""
        for piece in self._source.pieces(self._left if size is None else min(size, self._left)):
            self._left -= len(piece)
            yield piece

    def _next(self) -> bytes | None:
        """The next header block; None after the end, which is a block of zeros or the end of the stream."""
        if self._left or self._padding:
            self._source.skip(self._left)
            self._skip_padding()
        block = self._source.block()
        if block == EMPTY and (self._source.block() or EMPTY) != EMPTY:
            raise InvalidImage(
                f"the layer's tar archive is broken: zeros at byte {self._source.offset - 2 * BLOCK}"
            )
        return None if block == EMPTY else block

    def _skip_padding(self) -> None:
        self._left = 0
        # the last one may be missing, as for Go's archive/tar: `umoci insert` leaves it out
        if self._padding and not self._source.ended():
            self._source.skip(self._padding)
        self._padding = 0

    def _take_extra(
        self, header: Header, extra: dict[bytes, bytes], records: list[tuple[bytes, bytes]]
    ) -> None:
        """Reads a pax or GNU header, which says something about the entry after it (or all, if it is global)."""
        if not 0 <= header.size <= MOST_EXTRA:
            raise InvalidImage(f"the layer has a pax or GNU header of {header.size} bytes")
        data = self._source.take(header.size)
        self._source.skip(-header.size % BLOCK)
        if header.type in (PAX, PAX_SOLARIS):
            found = pax.records(data)
            records.extend(found)
            extra.update(found)
        elif header.type == PAX_GLOBAL:
            self._take_global(pax.records(data))
        elif header.type == GNU_NAME:
            extra[b"path"] = data.partition(b"\0")[0]
        elif header.type == GNU_TARGET:
            extra[b"linkpath"] = data.partition(b"\0")[0]

    def _take_global(self, found: list[tuple[bytes, bytes]]) -> None:
        self._global.update(found)
        if sum(map(len, self._global)) + sum(map(len, self._global.values())) > MOST_EXTRA:
            raise InvalidImage(f"the global pax headers of the layer have more than {MOST_EXTRA} bytes")

    def _entry(
        self, block: bytes, header: Header, extra: dict[bytes, bytes], records: list[tuple[bytes, bytes]]
    ) -> Entry:
        found = {**self._global, **extra} if self._global else extra
        name = found.get(b"path") or header.name
        kind, size = _kind(header.type, name), header.size
        if found.get(b"size"):
            size = decimal(found[b"size"], "a size in a pax header")
        if (
            size < 0 or kind in HEADER_ONLY
        ):  # as Go's archive/tar: such an entry has no content, whatever it says
            size = 0 if kind in HEADER_ONLY else _refuse_size(name, size)
        self._left, self._padding = size, -size % BLOCK
        extents, real_size = None, size
        if kind == GNU_SPARSE or (found and any(key.startswith(b"GNU.sparse.") for key in found)):
            extents, real_size = self._extents(block, kind, found, records)
            name = found.get(b"GNU.sparse.name") or name
        return Entry(
            name,
            kind,
            header.mode,
            decimal(found[b"uid"], "a uid in a pax header") if found.get(b"uid") else header.uid,
            decimal(found[b"gid"], "a gid in a pax header") if found.get(b"gid") else header.gid,
            self._left,
            pax_time(found[b"mtime"], "the mtime in a pax header")
            if found.get(b"mtime")
            else header.mtime * NANOSECONDS,
            pax_time(found[b"atime"], "the atime in a pax header") if found.get(b"atime") else None,
            found.get(b"linkpath") or header.target,
            header.device,
            pax.extended_attributes(found) if found else {},
            extents,
            real_size,
        )

    def _extents(
        self, block: bytes, kind: bytes, found: dict[bytes, bytes], records: list[tuple[bytes, bytes]]
    ) -> tuple[tuple[Extent, ...] | None, int]:
        """The map of a sparse file; what of it stands in the content is taken off that."""
        name = repr(found.get(b"GNU.sparse.name", found.get(b"path", b"")).decode("utf-8", "surrogateescape"))
        real = found.get(b"GNU.sparse.realsize") or found.get(b"GNU.sparse.size")
        real_size = decimal(real, "a size in a pax header") if real else self._left
        if kind == GNU_SPARSE:
            extents, real_size = sparse.old_map(block, self._source)
        elif kind in HEADER_ONLY:
            return None, 0
        elif found.get(b"GNU.sparse.major") == b"1":
            extents, taken = sparse.stored_map(self._source, self._left)
            self._left -= taken
        else:
            mapped = sparse.pax_map(records)
            if mapped is None:
                return None, self._left
            extents = mapped
        return sparse.checked(extents, self._left, real_size, name), real_size


def _kind(kind: bytes, name: bytes) -> bytes:
    if kind == OLD_REGULAR:
        return DIRECTORY if name.endswith(b"/") else REGULAR  # tar of before POSIX has no type for folders
    return DIRECTORY if kind == GNU_DUMPDIR else kind


def _refuse_size(name: bytes, size: int) -> int:
    raise InvalidImage(f"{name.decode('utf-8', 'surrogateescape')!r} in the layer has the size {size}")
