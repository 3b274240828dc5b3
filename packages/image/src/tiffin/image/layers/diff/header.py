"""Header blocks as they are written: ustar, with a pax header before it for what that cannot say.

Source: POSIX.1-2017, pax, "pax Interchange Format"; the records of extended attributes are star's, as everybody's.
"""

from __future__ import annotations

from tiffin.image.errors import Unsupported
from tiffin.image.layers.tar import pax
from tiffin.image.layers.tar.entry import BLOCK, NANOSECONDS, PAX, Entry
from tiffin.image.layers.tar.header import CHECKSUM, FIELDS, POSIX_MAGIC
from tiffin.image.layers.tar.numbers import fits, octal

NAME, ID, NUMBER = 100, 8, 12  # bytes of the fields
BLANK_CHECKSUM = b" " * 8


def header(entry: Entry, records: dict[bytes, bytes] | None = None) -> bytes:
    """The blocks before the content of an entry.

    Args:
        entry: what to say. Access times, extents and the real size are not in it.
        records: further pax records.

    Raises:
        Unsupported: for an extended attribute whose name no archive can have.
    """
    found = {**_records(entry), **(records or {})}
    block = _block(entry, entry.name)
    if not found:
        return block
    data = pax.encode(sorted(found.items()))
    above, slash, base = entry.name.rstrip(b"/").rpartition(b"/")
    name = b"%s%sPaxHeaders.0/%s" % (above, slash, base)
    extra = Entry(name, PAX, 0o644, 0, 0, len(data), 0, None, b"", (0, 0), {}, None, len(data))
    return b"".join((_block(extra, name), data, bytes(-len(data) % BLOCK), block))


def _records(entry: Entry) -> dict[bytes, bytes]:
    """What the fields of a block cannot say."""
    found: dict[bytes, bytes] = {}
    if len(entry.name) > NAME:
        found[b"path"] = entry.name
    if len(entry.target) > NAME:
        found[b"linkpath"] = entry.target
    for key, number in ((b"uid", entry.uid), (b"gid", entry.gid)):
        if not fits(number, ID):
            found[key] = b"%d" % number
    if not fits(entry.size, NUMBER):
        found[b"size"] = b"%d" % entry.size
    if entry.mtime % NANOSECONDS or not fits(entry.mtime // NANOSECONDS, NUMBER):
        found[b"mtime"] = time_text(entry.mtime)
    for name, value in entry.xattrs.items():
        if "=" in name:
            raise Unsupported(f"{entry.shown} has an extended attribute that no layer can have: {name!r}")
        found[pax.SCHILY_XATTR + name.encode("utf-8", "surrogateescape")] = value
    return found


def time_text(nanoseconds: int) -> bytes:
    """A time as in a pax record: decimal seconds, of the fraction only what is not zero."""
    whole, fraction = divmod(abs(nanoseconds), NANOSECONDS)
    sign = b"-" if nanoseconds < 0 else b""
    return b"%s%d.%09d" % (sign, whole, fraction) if fraction else b"%s%d" % (sign, whole)


def _block(entry: Entry, name: bytes) -> bytes:
    """One block; what does not fit is cut off, or is GNU's base-256 for readers that look no further."""
    major, minor = entry.device
    fields = [
        name[:NAME],
        octal(entry.mode, ID),
        octal(entry.uid, ID),
        octal(entry.gid, ID),
        octal(entry.size, NUMBER),
        octal(entry.mtime // NANOSECONDS, NUMBER),
        BLANK_CHECKSUM,
        entry.type,
        entry.target[:NAME],
        POSIX_MAGIC,
        b"",
        b"",
        octal(major, ID),
        octal(minor, ID),
        b"",
        b"",
    ]
    block = FIELDS.pack(*fields)
    return b"%s%06o\0 %s" % (block[: CHECKSUM.start], sum(block), block[CHECKSUM.stop :])
