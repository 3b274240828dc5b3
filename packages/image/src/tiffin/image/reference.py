"""What a user writes to name an image on disk, as skopeo writes it, taken apart.

PATH[:TAG]  PATH@DIGEST         told by what is there: a layout folder, an archive of one, or a docker-archive
oci:PATH[:TAG]  oci-archive:PATH[:TAG]  docker-archive:PATH[:NAME:TAG]
"""

from __future__ import annotations

import os

from tiffin.image.errors import InvalidReference, NotFound
from tiffin.runtime.record import Record

TRANSPORTS = ("oci", "oci-archive", "docker-archive")


class ImageReference(Record):
    """transport: one of TRANSPORTS, or "" where the content must tell. tag: "" for the only image there is."""

    transport: str
    path: str
    tag: str


def parse(text: str) -> ImageReference:
    """Takes an image's name apart.

    Raises:
        NotFound: if nothing is at the path.
        InvalidReference: if the name is empty, or of a transport that there is none of.
    """
    transport, colon, rest = text.partition(":")
    if not colon or transport not in TRANSPORTS:
        transport, rest = "", text
    if rest.startswith("//") or not rest:
        raise InvalidReference(
            f"{text!r} is no image that can be read from disk: expected PATH[:TAG], {', '.join(TRANSPORTS)}:PATH"
        )
    path, tag = _split_path(rest)
    if not os.path.exists(path):
        raise NotFound(
            f"{text!r}: there is no image at {path!r}; give the path of an OCI layout or of an archive"
        )
    return ImageReference(transport, path, tag)


def is_on_disk(text: str) -> bool:
    """Whether it names an image on disk: by its transport, by how paths begin, or because something is there."""
    transport, colon, rest = text.partition(":")
    if colon and transport in TRANSPORTS and not rest.startswith("//"):
        return True
    return text.startswith(("/", "./", "../", "~")) or os.path.exists(_split_path(text)[0])


def _split_path(text: str) -> tuple[str, str]:
    """The longest path that exists wins, since a path may have colons in it."""
    if os.path.exists(text):
        return text, ""
    path, at, digest = text.rpartition("@")
    if at and os.path.exists(path.removesuffix(":")):
        return path.removesuffix(":"), f"@{digest}"
    for position, character in enumerate(text):
        if character == ":" and os.path.exists(text[:position]):
            return text[:position], text[position + 1 :]
    path, _, tag = text.partition(":")
    return path, tag
