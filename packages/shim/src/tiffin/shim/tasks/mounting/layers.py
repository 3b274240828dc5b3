"""Overlays of many layers: mount(2) takes one page of options, and the paths of a hundred layers are more than that."""

from __future__ import annotations

import os

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOWER = "lowerdir="
MOST_BYTES = 4096 - 512  # of options: a page, and what the kernel adds to it


class ShortOptions(Record):
    """Options that fit. directory: where they have to be mounted from, "" for anywhere."""

    directory: str
    options: tuple[str, ...]


def shortened(options: Sequence[str]) -> ShortOptions:
    """The options with the lower folders relative to the one that all are in, if they would not fit as they are."""
    lower = next((option for option in options if option.startswith(LOWER)), "")
    folders = tuple(split_folders(lower.removeprefix(LOWER)))
    absolute = all(folder.startswith("/") for folder in folders)
    if len(",".join(options).encode()) < MOST_BYTES or len(folders) < 2 or not absolute:
        return ShortOptions("", tuple(options))
    common = os.path.commonpath(folders)
    short = LOWER + ":".join(escaped(os.path.relpath(folder, common)) for folder in folders)
    return ShortOptions(common, tuple(short if option is lower else option for option in options))


def escaped(folder: str) -> str:
    """A path as `lowerdir` has it: overlayfs takes `:` as the end, and `\\` as an escape (overlayfs.rst)."""
    return folder.replace("\\", "\\\\").replace(":", "\\:")


def split_folders(lower: str) -> Iterator[str]:
    """The folders of a `lowerdir`; the reverse of `escaped`."""
    part = ""
    characters = iter(lower)
    for character in characters:
        if character == ":":
            yield part
            part = ""
        else:
            part += next(characters, "") if character == "\\" else character
    if part:
        yield part
