"""Maps of sparse files: GNU's old format, and the three that GNU tar has in pax headers.

Source: the manual of GNU tar, "Storing Sparse Files".
"""

from __future__ import annotations

from tiffin.image.errors import InvalidImage

from .entry import BLOCK, Extent
from .numbers import decimal, number
from .source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_EXTENTS = 1_000_000
FIELD = 12
OLD_MAP, OLD_EXTENDED, OLD_REAL_SIZE = 386, 482, 483
CONTINUED_EXTENDED = 504


def old_map(header: bytes, source: Source) -> tuple[list[Extent], int]:
    """The map of a `GNUTYPE_SPARSE` header, and the real size; further blocks of the map are read."""
    what = "the map of a sparse file in the layer"
    found = _old_extents(header[OLD_MAP:OLD_EXTENDED], what)
    extended = header[OLD_EXTENDED]
    while extended:
        block = source.take(BLOCK)
        found += _old_extents(block[:CONTINUED_EXTENDED], what)
        extended = block[CONTINUED_EXTENDED]
        if len(found) > MOST_EXTENTS:
            raise InvalidImage(f"{what} has more than {MOST_EXTENTS} extents")
    return found, number(header[OLD_REAL_SIZE : OLD_REAL_SIZE + FIELD], what)


def _old_extents(raw: bytes, what: str) -> list[Extent]:
    pairs = (raw[at : at + 2 * FIELD] for at in range(0, len(raw), 2 * FIELD))
    return [
        Extent(number(pair[:FIELD], what), number(pair[FIELD:], what)) for pair in pairs if pair.strip(b"\0")
    ]


def pax_map(items: Iterable[tuple[bytes, bytes]]) -> list[Extent] | None:
    """The map in pax records (formats 0.0 and 0.1), None where there is none."""
    what = "the map of a sparse file in the layer"
    numbers: list[int] = []
    seen = False
    for key, value in items:
        if key == b"GNU.sparse.map":
            numbers = [decimal(text, what) for text in value.split(b",")] if value else []
        elif key in (b"GNU.sparse.offset", b"GNU.sparse.numbytes"):
            numbers.append(decimal(value, what))
        elif key != b"GNU.sparse.numblocks":
            continue
        seen = True
    return _pairs(numbers) if seen else None


def stored_map(source: Source, size: int) -> tuple[list[Extent], int]:
    """The map at the start of the content (format 1.0), and how many bytes it took."""
    what = "the map of a sparse file in the layer"
    data = bytearray()
    lines, wanted = 0, 0
    while lines == 0 or lines < wanted:
        if len(data) + BLOCK > size or len(data) > 32 * MOST_EXTENTS:
            raise InvalidImage(f"{what} is broken: it does not end")
        block = source.take(BLOCK)
        data += block
        lines += block.count(b"\n")
        if lines and not wanted:
            wanted = 1 + 2 * decimal(bytes(data).partition(b"\n")[0], what)
    numbers = [decimal(text, what) for text in bytes(data).split(b"\n")[1:wanted]]
    return _pairs(numbers), len(data)


def _pairs(numbers: Sequence[int]) -> list[Extent]:
    if len(numbers) % 2:
        raise InvalidImage("the map of a sparse file in the layer is broken: an offset without a length")
    return [Extent(*numbers[at : at + 2]) for at in range(0, len(numbers), 2)]


def checked(extents: Sequence[Extent], size: int, real_size: int, what: str) -> tuple[Extent, ...]:
    """The extents that have content, if they are in order, inside of the file, and as long as what is stored.

    Raises:
        InvalidImage: if they are not.
    """
    end = stored = 0
    for start, length in extents:
        if length < 0 or start < end or start + length > real_size:
            raise InvalidImage(f"the map of the sparse file {what} in the layer is broken")
        end = start + length
        stored += length
    if stored != size:
        raise InvalidImage(f"the map of the sparse file {what} in the layer is of {stored} bytes, not {size}")
    return tuple(extent for extent in extents if extent.size)
