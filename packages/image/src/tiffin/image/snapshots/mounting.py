"""Mounting what a snapshotter says, and long chains of layers in spite of mount(2), which takes one page of options."""

from __future__ import annotations

import os
from contextlib import contextmanager

from tiffin.image.kernel import mount
from tiffin.image.snapshots.overlayfs import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiffin.image.snapshots.protocol import Mount

MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC = 0x1, 0x20, 0x1000, 0x4000
FLAGS = {"ro": MS_RDONLY, "rw": 0, "bind": MS_BIND, "rbind": MS_BIND | MS_REC}
MOST_OPTIONS = 3000  # bytes of lower folders; the page has the other options too
LOWER = "lowerdir="


def mount_all(mounts: Sequence[Mount], place: str) -> None:
    """Mounts what a snapshotter says at a folder, an absolute path. Raises OSError."""
    for one in mounts:
        flags = 0
        for option in one.options:
            flags |= FLAGS.get(option, 0)
        data = [option for option in one.options if option not in FLAGS]
        if flags & MS_BIND:  # mount(2): a bind mount takes no other flag at first
            mount(one.source, place, "", flags & ~MS_RDONLY)
            if flags & MS_RDONLY:
                mount("none", place, "", MS_REMOUNT | MS_BIND | MS_RDONLY)
            continue
        lower = next((option for option in data if option.startswith(LOWER)), LOWER)
        with lower_folders(split_lower(lower.removeprefix(LOWER))) as short:
            rest = [option for option in data if option != lower]
            mount(one.source, place, one.type, flags, ",".join([*rest, LOWER + short] if short else rest))


@contextmanager
def lower_folders(trees: Sequence[str]) -> Iterator[str]:
    """Lower folders as overlayfs wants them; while the block runs the current folder may be another one.

    Where they would take too many bytes they are told relative to the folder that all of them are in.
    """
    lower = ":".join(map(escaped, trees))
    if len(lower) < MOST_OPTIONS:
        yield lower
        return
    common = os.path.commonpath(trees)
    before = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.chdir(common)
        yield ":".join(escaped(os.path.relpath(tree, common)) for tree in trees)
    finally:
        os.fchdir(before)
        os.close(before)


def split_lower(lower: str) -> list[str]:
    """The folders in the options `lowerdir` and `upperdir`: the reverse of `escaped`."""
    parts = [""]
    characters = iter(lower)
    for character in characters:
        if character == ":":
            parts.append("")
        else:
            parts[-1] += next(characters, "") if character == "\\" else character
    return [part for part in parts if part]
