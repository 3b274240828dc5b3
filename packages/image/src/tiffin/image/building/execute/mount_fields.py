"""Numbers among the fields of `RUN --mount`, which may have come out of variables: mode, uid, gid and size."""

from __future__ import annotations

import re

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.execute.copy.owners import Owner
from tiffin.image.layers.owners import MOST_ID

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.stages.steps import RunMount

MOST_MODE = 0o7777
SIZE = re.compile(r"([0-9]{1,15})([kmgt]?)(?:i?b)?", re.IGNORECASE | re.ASCII)
POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def mode_of(mount: RunMount, default: int) -> int:
    """The permissions. Raises Problem."""
    return _number(mount, "mode", default, MOST_MODE, base=8)


def owner_of(mount: RunMount) -> Owner:
    """Whom what is mounted belongs to; root by default. Raises Problem."""
    return Owner(_number(mount, "uid", 0, MOST_ID), _number(mount, "gid", 0, MOST_ID))


def size_of(mount: RunMount) -> str:
    """A size in bytes, "" if none is said; as Docker reads them: in powers of 1024. Raises Problem."""
    text = mount.get("size")
    match = SIZE.fullmatch(text)
    if text and match is None:
        raise Problem(f"--mount: size must be a number of bytes, such as 64m or 1GB; it is {text!r}")
    return str(int(match[1]) * 1024 ** POWERS[match[2].lower()]) if match else ""


def _number(mount: RunMount, name: str, default: int, most: int, base: int = 10) -> int:
    text = mount.get(name)
    if not text:
        return default
    if not (text.isascii() and text.isdigit()) or text.strip("0123456789"[:base]) or int(text, base) > most:
        kind = "octal, up to 7777" if base == 8 else f"a number, up to {most}"
        raise Problem(f"--mount: {name} must be {kind}; it is {text!r}")
    return int(text, base)
