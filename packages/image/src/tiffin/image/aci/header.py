"""Headers of a tar archive as they are written: ustar, and pax records for what does not fit (POSIX.1-2017, pax)."""

from __future__ import annotations

from tiffin.image.layers.tar import pax
from tiffin.image.layers.tar.entry import BLOCK, NANOSECONDS, PAX, Entry
from tiffin.image.layers.tar.header import CHECKSUM, FIELDS, POSIX_MAGIC
from tiffin.image.layers.tar.numbers import fits, octal

MOST_NAME = 100
WIDE, NARROW = 12, 8
PAX_NAME = b"././@PaxHeader"


def headers(entry: Entry) -> bytes:
    """The blocks before the content of an entry, which is not sparse; equal entries give equal bytes."""
    records: list[tuple[bytes, bytes]] = []
    fields = (
        _text(entry.name, b"path", records),
        entry.mode,
        _number(entry.uid, NARROW, b"uid", records),
        _number(entry.gid, NARROW, b"gid", records),
        _number(entry.size, WIDE, b"size", records),
        _time(entry.mtime, records),
        entry.type,
        _text(entry.target, b"linkpath", records),
        entry.device,
    )
    if entry.atime is not None:
        records.append((b"atime", _seconds(entry.atime)))
    for name, value in entry.xattrs.items():
        records.append((pax.SCHILY_XATTR + name.encode("utf-8", "surrogateescape"), value))
    return _extra(records) + _block(*fields)


def _extra(records: list[tuple[bytes, bytes]]) -> bytes:
    if not records:
        return b""
    data = pax.encode(records)
    return _block(PAX_NAME, 0o644, 0, 0, len(data), 0, PAX, b"", (0, 0)) + data + bytes(-len(data) % BLOCK)


def _text(value: bytes, key: bytes, records: list[tuple[bytes, bytes]]) -> bytes:
    if len(value) <= MOST_NAME and value.isascii():
        return value
    records.append((key, value))
    return value[:MOST_NAME]


def _number(value: int, width: int, key: bytes, records: list[tuple[bytes, bytes]]) -> int:
    if fits(value, width):
        return value
    records.append((key, b"%d" % value))
    return 0


def _time(value: int, records: list[tuple[bytes, bytes]]) -> int:
    seconds, rest = divmod(value, NANOSECONDS)
    if fits(seconds, WIDE) and not rest:
        return seconds
    records.append((b"mtime", _seconds(value)))
    return max(seconds, 0) if fits(seconds, WIDE) else 0


def _seconds(value: int) -> bytes:
    whole, rest = divmod(abs(value), NANOSECONDS)
    text = b"%s%d.%09d" % (b"-" if value < 0 else b"", whole, rest)
    return text.rstrip(b"0").rstrip(b".")


def _block(
    name: bytes,
    mode: int,
    uid: int,
    gid: int,
    size: int,
    mtime: int,
    kind: bytes,
    target: bytes,
    device: tuple[int, int],
) -> bytes:
    block = FIELDS.pack(
        name,
        octal(mode, NARROW),
        octal(uid, NARROW),
        octal(gid, NARROW),
        octal(size, WIDE),
        octal(mtime, WIDE),
        b" " * NARROW,
        kind,
        target,
        POSIX_MAGIC,
        b"",
        b"",
        octal(device[0], NARROW),
        octal(device[1], NARROW),
        b"",
        b"",
    )
    checksum = b"%06o\0 " % sum(block)
    return block[: CHECKSUM.start] + checksum + block[CHECKSUM.stop :]
