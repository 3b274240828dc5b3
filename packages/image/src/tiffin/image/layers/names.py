"""Names of tar entries: made relative to the root, and told apart from whiteouts.

Source: image-spec `layer.md`, "Whiteouts".
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from tiffin.image.errors import InvalidImage

WHITEOUT_PREFIX = b".wh."
OPAQUE_MARKER = b".wh..wh..opq"
MOST_BYTES = 4095  # PATH_MAX without its NUL: no longer path can be opened
METADATA_PREFIX = b".wh..wh."  # left in layers by aufs; they mean nothing here


class Kind(Enum):
    """What an entry's name says that it is."""

    ENTRY = "entry"
    WHITEOUT = "whiteout"
    OPAQUE = "opaque"
    IGNORED = "ignored"


class Name(NamedTuple):
    """Where an entry goes: `base` in the directory `parent`; both empty for the root itself."""

    kind: Kind
    parent: bytes
    base: bytes


def clean(raw: bytes) -> bytes:
    """A tar name as bytes relative to the root, with no `.`, `..` or empty part.

    `..` is taken off lexically and stops at the root, as containerd and Docker do it.

    Raises:
        InvalidImage: for a name with NUL in it, or a longer one than the kernel takes.
    """
    if b"\0" in raw:
        raise InvalidImage(f"layer entry {shown(raw)} has a NUL byte in its name")
    if len(raw) > MOST_BYTES:
        raise InvalidImage(f"layer entry {shown(raw)}... has a name of more than {MOST_BYTES} bytes")
    parts: list[bytes] = []
    for part in raw.split(b"/"):
        if part == b"..":
            del parts[-1:]
        elif part not in (b"", b"."):
            parts.append(part)
    return b"/".join(parts)


def parse(raw: bytes) -> Name:
    """Splits a tar name, and tells what kind it is.

    Raises:
        InvalidImage: for a whiteout that names nothing, `.` or `..`.
    """
    parent, _, base = clean(raw).rpartition(b"/")
    if base == OPAQUE_MARKER:
        return Name(Kind.OPAQUE, parent, b"")
    if base.startswith(METADATA_PREFIX):
        return Name(Kind.IGNORED, parent, base)
    if base.startswith(WHITEOUT_PREFIX):
        hidden = base[len(WHITEOUT_PREFIX) :]
        if hidden in (b"", b".", b".."):
            raise InvalidImage(
                f"layer entry {shown(raw)} is a whiteout of {hidden!r}, which is no name of a file"
            )
        return Name(Kind.WHITEOUT, parent, hidden)
    return Name(Kind.ENTRY, parent, base)


def shown(raw: bytes) -> str:
    """A name as an error message has it."""
    return repr(raw[:200].decode("utf-8", "surrogateescape"))
