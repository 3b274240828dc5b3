"""Whiteouts as overlayfs has them: layers mounted over each other are the tree that layers applied to one root make."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.root import Root
from tiffin.image.layers.whiteouts import WhiteoutForm
from tiffin_testing.images import directory, file, opaque, symlink, tar, whiteout

pytestmark = pytest.mark.requires("root", "overlayfs")
Facts = Callable[[Path], dict[str, tuple[object, ...]]]

LOWER = tar(
    directory("kept/", mode=0o750), file("kept/a", b"a"), file("kept/b", b"b"), directory("emptied/"),
    file("emptied/x", b"x"), file("gone", b"g"), directory("gone-folder/"), file("gone-folder/y", b"y"),
    symlink("link", "gone"), directory("replaced/"), file("replaced/z", b"z"),
)  # fmt: skip
CHANGES = {
    "a file is hidden": tar(whiteout("kept/a"), whiteout("gone")),
    "a folder is hidden": tar(whiteout("gone-folder")),
    "a link is hidden": tar(whiteout("link")),
    "a folder is emptied": tar(directory("emptied/"), opaque("emptied"), file("emptied/new", b"n")),
    "a folder is emptied, told late": tar(
        directory("emptied/"), file("emptied/new", b"n"), opaque("emptied")
    ),
    "a folder is hidden and made again": tar(
        whiteout("replaced"), directory("replaced/"), file("replaced/w", b"w")
    ),
    "a folder becomes a file": tar(file("replaced", b"file")),
    "a file becomes a folder": tar(directory("gone/"), file("gone/in", b"i")),
    "an entry in a folder that only the lower layer has": tar(file("kept/c", b"c")),
    "a whiteout of what this layer brings hides nothing": tar(file("gone", b"again"), whiteout("gone")),
}


def apply_over(lower: Path, upper: Path, data: bytes) -> None:
    with ExitStack() as stack:
        root, below = stack.enter_context(Root(upper)), stack.enter_context(Root(lower))
        writer = LayerWriter(root, Ownership.KEEP, whiteouts=WhiteoutForm.TRUSTED, parents=(below,))
        writer.apply(io.BytesIO(data))
        writer.finish()


def apply_to_one(folder: Path, *layers: bytes) -> None:
    with Root(folder) as root:
        writer = LayerWriter(root, Ownership.KEEP)
        for layer in layers:
            writer.apply(io.BytesIO(layer))
        writer.finish()


@pytest.mark.parametrize("name", CHANGES)
def test_the_mounted_layers_are_the_applied_ones(name: str, facts: Facts, tmp_path: Path) -> None:
    lower, upper, whole, mounted = (tmp_path / part for part in ("lower", "upper", "whole", "mounted"))
    for folder in (lower, upper, whole, mounted):
        folder.mkdir()
    apply_to_one(lower, LOWER)
    apply_over(lower, upper, CHANGES[name])
    apply_to_one(whole, LOWER, CHANGES[name])
    options = f"lowerdir={upper}:{lower}"
    subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", mounted], check=True, timeout=30)
    try:
        found, expected = facts(mounted), facts(whole)
    finally:
        subprocess.run(["umount", mounted], check=True, timeout=30)
    for tree in (found, expected):
        tree.pop(".", None)  # the root's own times: no layer has an entry for it
    assert {path: fact[:5] for path, fact in found.items()} == {
        path: fact[:5] for path, fact in expected.items()
    }
