"""Names in an app container image: `manifest`, and what is below `rootfs/`; nothing else may be there.

Source: appc specification 0.8, `aci.md`, "Image Archives".
"""

from __future__ import annotations

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.names import MOST_BYTES, WHITEOUT_PREFIX, shown

MANIFEST = b"manifest"
ROOTFS = b"rootfs"


def parts_of(raw: bytes) -> list[bytes]:
    """The parts of a name in the archive, without empty ones and `.`.

    Raises:
        InvalidImage: for `..`, which no writer makes, NUL, and a longer name than the kernel takes.
    """
    parts = [part for part in raw.split(b"/") if part not in (b"", b".")]
    if b".." in parts or b"\0" in raw or len(raw) > MOST_BYTES:
        raise InvalidImage(f"the entry {shown(raw)} has a name that no entry may have")
    return parts


def below_rootfs(raw: bytes) -> bytes:
    """The path of an entry in the root, b"" for the root itself.

    Raises:
        InvalidImage: if it is not in `rootfs`.
    """
    parts = parts_of(raw)
    if not parts or parts[0] != ROOTFS:
        raise InvalidImage(f"{shown(raw)} is neither the manifest nor below rootfs/")
    return b"/".join(parts[1:])


def ancestors(path: bytes) -> list[bytes]:
    """The directories above a path, the nearest first, without the root."""
    found = []
    while path := path.rpartition(b"/")[0]:
        found.append(path)
    return found


def reads_as_whiteout(path: bytes) -> bool:
    """Whether an OCI layer could not have the path: it would hide something (image-spec `layer.md`, "Whiteouts")."""
    return any(part.startswith(WHITEOUT_PREFIX) for part in path.split(b"/"))
