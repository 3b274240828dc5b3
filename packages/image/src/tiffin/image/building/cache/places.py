"""What `--cache-from` and `--cache-to` name: a folder or a repository, as buildx writes them."""

from __future__ import annotations

import os

from tiffin.image.building.dockerfile.error import nearest
from tiffin.image.errors import InvalidArgument
from tiffin.runtime.record import Record

TAG = "cache"
FIELDS = {"local": ("src", "dest", "tag", "mode"), "registry": ("ref", "mode")}
MODES = ("min", "max")


class CachePlace(Record):
    """name: of the place, as transports have it. whole: results of all stages, not only of the target."""

    name: str
    whole: bool


def parse_place(text: str) -> CachePlace:
    """Reads `type=local,dest=DIR`, `type=local,src=DIR`, `type=registry,ref=REF`, or REF alone.

    Raises InvalidArgument.
    """
    pairs = dict(part.partition("=")[::2] for part in text.split(",")) if "=" in text else {"ref": text}
    kind = pairs.pop("type", "registry")
    if kind not in FIELDS:
        raise InvalidArgument(
            f"a cache of type {kind!r}{nearest(kind, FIELDS)}: known are {', '.join(FIELDS)}"
        )
    for name in pairs:
        if name not in FIELDS[kind]:
            raise InvalidArgument(
                f"a cache of type {kind} has no {name!r}{nearest(name, FIELDS[kind])}: {', '.join(FIELDS[kind])}"
            )
    mode = pairs.get("mode", "max")
    if mode not in MODES:
        raise InvalidArgument(f"the mode of a cache is {' or '.join(MODES)}, not {mode!r}")
    path = pairs.get("dest") or pairs.get("src") or pairs.get("ref")
    if not path:
        raise InvalidArgument(f"{text!r} says no place: {kind} needs {' or '.join(FIELDS[kind][:-1])}")
    if kind == "registry":
        return CachePlace(f"docker://{path}", mode == "max")
    return CachePlace(f"oci:{os.path.abspath(path)}:{pairs.get('tag', TAG)}", mode == "max")
