"""The names of places that images are copied from and to, as skopeo writes them: `TRANSPORT:REST`.

oci:PATH[:TAG]  oci-archive:PATH[:TAG]  docker-archive:PATH[:NAME:TAG]  dir:PATH  docker://NAME[:TAG|@DIGEST]
tiffin:NAME, or a NAME alone: in the local store
"""

from __future__ import annotations

import os

from tiffin.image.errors import InvalidReference
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.spec.reference import Reference


STORE = "tiffin"
FOREIGN = ("containers-storage", "docker-daemon")  # skopeo's: else they would be names of images in our store


class TransportName(Record):
    """transport: as in the table of `opening`. rest: what follows the colon. text: all of it, for messages."""

    transport: str
    rest: str
    text: str


def parse_name(text: str, transports: tuple[str, ...]) -> TransportName:
    """Takes a name apart.

    A path that exists needs no transport, and what is there tells. What is none, but the name of an image, is in the
    store.

    Raises:
        InvalidReference: for a transport that there is none of.
    """
    transport, colon, rest = text.partition(":")
    if colon and transport in transports and rest:
        return TransportName(transport, rest, text)
    path, _ = split_path(text)
    if path and os.path.exists(path):
        return TransportName("", text, text)
    if STORE in transports and transport not in FOREIGN and _is_reference(text):
        return TransportName(STORE, text, text)
    known = ", ".join("docker://" if one == "docker" else f"{one}:" for one in transports)
    raise InvalidReference(f"{text!r} names no place for images: expected one of {known}")


def _is_reference(text: str) -> bool:
    try:
        parse_reference(text)
    except InvalidReference:
        return False
    return True


def split_path(text: str) -> tuple[str, str]:
    """A path, and the tag or `@DIGEST` behind it. The longest path that exists wins, since it may have colons."""
    path, at, digest = text.rpartition("@")
    if at and ":" in digest and "/" not in digest:
        return path.removesuffix(":"), f"@{digest}"
    for position in range(len(text), 0, -1):
        if (position == len(text) or text[position] == ":") and os.path.exists(text[:position]):
            return text[:position], text[position + 1 :]
    path, _, tag = text.partition(":")
    return path, tag


def parse_reference(text: str) -> Reference:
    """A name as Docker has it, in full, but without a default tag. Raises InvalidReference."""
    from tiffin.spec.reference import InvalidReference as Invalid
    from tiffin.spec.reference import Reference

    try:
        return Reference.parse(text)
    except Invalid as error:
        raise InvalidReference(str(error)) from error


def full_name(text: str) -> str:
    """A name with registry, and with the tag `latest` if it has none, as the store has it. Raises InvalidReference."""
    return str(parse_reference(text.removeprefix("docker://")).with_default_tag())
