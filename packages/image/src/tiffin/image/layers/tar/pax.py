"""Pax extended headers: records of "LENGTH KEY=VALUE\\n" (POSIX.1-2017, pax, "pax Extended Header")."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote_to_bytes

from tiffin.image.errors import InvalidImage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SCHILY_XATTR = b"SCHILY.xattr."
LIBARCHIVE_XATTR = b"LIBARCHIVE.xattr."
NO_NUL = (b"path", b"linkpath", b"uname", b"gname", b"GNU.sparse.name")


def records(data: bytes) -> list[tuple[bytes, bytes]]:
    """The records of a header, in order: GNU's first sparse format repeats keys.

    Raises:
        InvalidImage: for a broken one.
    """
    found = []
    at = 0
    while at < len(data):
        space = data.find(b" ", at, at + 20)
        digits = data[at : max(space, at)]
        if not digits.isdigit():
            if not data[at:].strip(b"\0"):
                break  # padded inside of its size
            raise InvalidImage(f"a pax record of the layer has no length: {data[at : at + 20]!r}")
        end = at + int(digits)
        key, equals, value = data[space + 1 : end - 1].partition(b"=")
        if end > len(data) or end <= space or data[end - 1 : end] != b"\n" or not equals or not key:
            raise InvalidImage(f"a pax record of the layer is broken: {data[at : at + 40]!r}")
        if b"\0" in key or (key in NO_NUL and b"\0" in value):
            raise InvalidImage(f"the pax record {key!r} of the layer has a NUL byte in it")
        found.append((key, value))
        at = end
    return found


def encode(items: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Records as they stand in a header."""
    return b"".join(_record(key, value) for key, value in items)


def _record(key: bytes, value: bytes) -> bytes:
    rest = len(key) + len(value) + 3
    size = rest + len(str(rest))
    size = rest + len(str(size))  # the length counts its own digits
    return b"%d %s=%s\n" % (size, key, value)


def extended_attributes(header: Mapping[bytes, bytes]) -> dict[str, bytes]:
    """The extended attributes: star's records, as Docker, umoci and GNU tar write them, and libarchive's.

    Raises:
        InvalidImage: for a value of libarchive's that is no base64.
    """
    found: dict[str, bytes] = {}
    for key, value in header.items():
        if key.startswith(SCHILY_XATTR):
            found[key[len(SCHILY_XATTR) :].decode("utf-8", "surrogateescape")] = value
        elif key.startswith(LIBARCHIVE_XATTR):
            name = unquote_to_bytes(key[len(LIBARCHIVE_XATTR) :]).decode("utf-8", "surrogateescape")
            found.setdefault(name, _base64(value))
    return found


def _base64(text: bytes) -> bytes:
    """libarchive leaves the padding out."""
    try:
        return base64.b64decode(text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4), validate=True)
    except binascii.Error as error:
        raise InvalidImage(f"an extended attribute of the layer is no base64: {text[:40]!r}") from error
