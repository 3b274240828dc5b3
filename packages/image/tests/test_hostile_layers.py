"""Layers that try to get out of the root: an error, or something inside of it; never anything outside."""

from __future__ import annotations

import contextlib
import copy
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tiffin.image.errors import InvalidImage
from tiffin_testing.images import directory, entry, file, hardlink, opaque, symlink, tar, whiteout

Apply = Callable[..., Any]

ESCAPES = {
    "dots in the name": [file("../../outside", b"x")],
    "absolute name": [file("/outside", b"x")],
    "absolute link": [symlink("l", "{jail}"), file("l/outside", b"x")],
    "dots in a link": [symlink("l", "../../.."), file("l/outside", b"x")],
    "chain of links": [
        symlink("a", "../.."),
        symlink("b", "a/.."),
        symlink("c", "b/../.."),
        file("c/outside", b"x"),
    ],
    "link in place of a folder": [directory("d"), symlink("d", "../../"), file("d/outside", b"x")],
    "link then folder entry": [symlink("d", "{jail}"), directory("d/outside")],
    "dangling link": [symlink("l", "../../outside"), file("l/outside", b"x")],
    "dangling chain": [
        symlink("a", "b/../../outside"),
        symlink("b", "/nowhere/.."),
        file("a/outside/f", b"x"),
    ],
    "link to itself": [symlink("l", "l"), file("l/outside", b"x")],
    "circle": [symlink("a", "b"), symlink("b", "a"), directory("a/outside")],
    "file through a link": [symlink("outside", "{jail}/outside"), file("outside", b"x")],
    "hard link by dots": [hardlink("h", "../secret"), file("h", b"x")],
    "hard link by a link": [symlink("l", "../"), hardlink("h", "l/secret")],
    "hard link by an absolute name": [hardlink("h", "{jail}/secret")],
    "hard link to a link": [symlink("l", "../secret"), hardlink("h", "l"), file("h", b"x")],
    "hard link to a folder": [directory("d"), hardlink("h", "d")],
    "whiteout by dots": [whiteout("../secret")],
    "whiteout through a link": [symlink("l", ".."), whiteout("l/secret")],
    "opaque through a link": [symlink("l", "{jail}"), opaque("l")],
    "opaque root by dots": [opaque("..")],
    "magic link": [symlink("l", "/proc/self/root{jail}"), file("l/outside", b"x")],
    "magic working directory": [symlink("l", "/proc/self/cwd"), file("l/outside", b"x")],
    "long chain of links": [*(symlink(f"l{n}", f"l{n + 1}") for n in range(60)), file("l0/outside", b"x")],
    "pipe through a link": [symlink("l", "{jail}"), entry("l/outside", tarfile.FIFOTYPE)],
    "link through a link": [symlink("l", "{jail}"), symlink("l/outside", "x")],
    "time through a link": [
        symlink("secret", "{jail}/secret", mtime=1),
        symlink("secret", "../secret", mtime=2),
    ],
}


def _with_jail(case: str, jail: Path) -> bytes:
    """The layer, with the real path in its link targets."""
    entries = copy.deepcopy(ESCAPES[case])
    for info, _ in entries:
        info.linkname = info.linkname.replace("{jail}", str(jail))
    return tar(*entries)


@pytest.mark.parametrize("case", ESCAPES)
def test_nothing_outside_of_the_root_changes(case: str, apply: Apply, root: Path) -> None:
    jail = root.parent
    (jail / "secret").write_bytes(b"untouched")
    before = (jail / "secret").stat()
    with contextlib.suppress(InvalidImage):
        apply(_with_jail(case, jail))
    assert {path.name for path in jail.iterdir()} == {"root", "secret"}
    assert {path.name for path in jail.parent.iterdir()} == {"jail"}
    after = (jail / "secret").stat()
    assert (jail / "secret").read_bytes() == b"untouched"
    assert (after.st_nlink, after.st_mtime_ns, after.st_mode) == (1, before.st_mtime_ns, before.st_mode)


@pytest.mark.parametrize(
    "layer",
    [
        tar(file("f", b"x"), file("f/g", b"y")),
        tar(entry("x", b"Z")),
        tar(file("f", uid=2**32)),
        tar(file(".", b"x")),
        tar(symlink("l", "")),
        tar(hardlink("h", "nowhere")),
        tar(file("f", pax={"mtime": "yesterday"})),
        tar(whiteout(".")),
    ],
)
def test_entries_that_make_no_sense_are_an_error(layer: bytes, apply: Apply) -> None:
    with pytest.raises(InvalidImage):
        apply(layer)
