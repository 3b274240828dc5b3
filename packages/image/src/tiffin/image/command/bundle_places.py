"""The images of bundles: places that are still right from another folder, and layouts as umoci names them."""

from __future__ import annotations

import os

import click

from tiffin.image.errors import InvalidArgument
from tiffin.image.layers.owners import IdMaps, IdRange
from tiffin.image.transports.names import STORE, parse_name, split_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LATEST = "latest"


def absolute_place(text: str) -> str:
    """A place, with the whole path if it is one of a file or folder. Raises InvalidReference."""
    from tiffin.image.transports.opening import TRANSPORTS

    name = parse_name(text, tuple(TRANSPORTS))
    if name.transport in ("docker", STORE):
        return text
    path, tag = split_path(name.rest)
    joint = "" if not tag or tag.startswith("@") else ":"
    return f"{name.transport}{':' if name.transport else ''}{os.path.abspath(path)}{joint}{tag}"


def layout_place(text: str) -> str:
    """PATH[:TAG] of umoci's --image as a place; TAG is `latest` by default."""
    path, tag = split_path(text)
    return f"oci:{os.path.abspath(path)}:{tag or LATEST}"


def with_tag(place: str, tag: str) -> str:
    """The place of another tag in the same layout."""
    return f"oci:{split_path(place.removeprefix('oci:'))[0]}:{tag}"


def arguments(words: tuple[str, ...], image: str, names: tuple[str, str], stands_for: int) -> tuple[str, str]:
    """Two arguments; umoci's --image stands for one of them, 0 or 1. Raises UsageError."""
    given = [*words]
    if image:
        given.insert(stands_for, layout_place(image))
    if len(given) != len(names):
        raise click.UsageError(
            f"expected {' and '.join(names)}, or --image PATH[:TAG] and {names[1 - stands_for]}"
        )
    return given[0], given[1]


def id_maps(uids: Iterable[str], gids: Iterable[str]) -> IdMaps | None:
    """CONTAINER:HOST:SIZE of both kinds; None if there are none. Raises InvalidArgument."""
    found = tuple(tuple(map(_range, texts)) for texts in (uids, gids))
    if not any(found):
        return None
    if not all(found):
        raise InvalidArgument("--uid-map and --gid-map need each other")
    return IdMaps(found[0], found[1])


def _range(text: str) -> IdRange:
    parts = text.split(":")
    if len(parts) not in (2, 3) or not all(part.isascii() and part.isdigit() for part in parts):
        raise InvalidArgument(f"{text!r} is no map of ids: expected CONTAINER:HOST:SIZE")
    container, host, size = (*map(int, parts), 1)[:3]
    return IdRange(container, host, size)
