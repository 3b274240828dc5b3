"""The header block: 512 bytes of fields (POSIX.1-2017, pax, "ustar Interchange Format"; star's and GNU's forms)."""

from __future__ import annotations

import struct
import zlib

from tiffin.image.errors import InvalidImage
from tiffin.runtime.record import Record

from .numbers import number

FIELDS = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s8x4s")
POSIX_MAGIC = b"ustar\x0000"
GNU_MAGIC = b"ustar  \0"
STAR_TRAILER = b"tar\0"
STAR_PREFIX = 131  # star has its own times after it
CHECKSUM = slice(148, 156)
MOST_SUM = 512 * 255
ADLER_MODULUS = 65521
EMPTY = bytes(512)


class Header(Record):
    """The fields of one block as they are, before any pax or GNU header is taken into account."""

    name: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    type: bytes
    target: bytes
    device: tuple[int, int]


def parse(block: bytes, offset: int) -> Header:
    """Reads a header.

    Args:
        block: its 512 bytes.
        offset: where it starts in the archive, for errors.

    Raises:
        InvalidImage: if it is none, or a number in it is broken.
    """
    fields = FIELDS.unpack(block)
    name, mode, uid, gid, size, mtime, checksum, kind, target, magic = fields[:10]
    what = f"the layer's tar archive is broken at byte {offset}"
    if not _matches(block, number(checksum, f"{what}: the checksum")):
        raise InvalidImage(f"{what}: this is no header, or a damaged one")
    name = name.partition(b"\0")[0]
    if magic == POSIX_MAGIC and fields[14][0]:
        prefix = fields[14][:STAR_PREFIX] if fields[15] == STAR_TRAILER else fields[14]
        name = b"%s/%s" % (prefix.partition(b"\0")[0], name)
    device = (0, 0)
    if kind in b"34":
        device = (number(fields[12], f"{what}: the device"), number(fields[13], f"{what}: the device"))
    return Header(
        name,
        number(mode, what) & 0o7777,
        number(uid, what),
        number(gid, what),
        number(size, what),
        number(mtime, what),
        kind,
        target.partition(b"\0")[0],
        device,
    )


def _matches(block: bytes, expected: int) -> bool:
    """Whether the sum of all bytes, those of the checksum taken as blanks, is what the header says.

    zlib's Adler-32 has that sum in its lower half, and is twenty times faster than `sum`. The halves of MOST_SUM
    that it cannot tell apart are 65521 apart: no damage of a bit or a byte makes that difference.
    """
    field = block[CHECKSUM]
    outside = expected - 8 * 32
    if (
        0 <= outside <= MOST_SUM
        and zlib.adler32(block) & 0xFFFF == (1 + outside + sum(field)) % ADLER_MODULUS
    ):
        return True
    signed = sum(struct.unpack("512b", block)) - sum(struct.unpack("8b", field))  # as old Sun and NeXT tar
    return bool(signed == outside)
