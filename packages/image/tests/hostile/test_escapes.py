"""Layers that try to get out of the root: refused, or something inside of it; never anything outside."""

from __future__ import annotations

import contextlib
import copy
import io
import tarfile
from errno import ENOSYS
from typing import TYPE_CHECKING

import pytest

from tiffin.image.errors import InvalidImage
from tiffin.image.layers import root as root_module
from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.root import Root
from tiffin.image.layers.whiteouts import WhiteoutForm
from tiffin_testing.images import directory, entry, file, hardlink, opaque, symlink, tar, whiteout

if TYPE_CHECKING:
    from packages.image.tests.hostile.conftest import Jail

    from tiffin_testing.images import Entry

ESCAPES = {
    "dots in the name": [file("../../outside", b"x")],
    "dots after a folder": [directory("d"), file("d/../../../outside", b"x")],
    "dots through a link": [symlink("l", "/"), file("l/../../outside", b"x")],
    "dots through a link to dots": [symlink("l", ".."), file("l/../l/../outside", b"x")],
    "absolute name": [file("/outside", b"x")],
    "absolute name of the jail": [file("{jail}/outside", b"x")],
    "many slashes": [file("///..//.././outside", b"x")],
    "absolute link": [symlink("l", "{jail}"), file("l/outside", b"x")],
    "dots in a link": [symlink("l", "../../.."), file("l/outside", b"x")],
    "chain of links": [
        symlink("a", "../.."),
        symlink("b", "a/.."),
        symlink("c", "b/../.."),
        file("c/outside", b"x"),
    ],
    "link in place of a folder": [directory("d"), symlink("d", "../../"), file("d/outside", b"x")],
    "link in place of a full folder": [file("d/f"), symlink("d", "{jail}"), file("d/outside", b"x")],
    "link in place of a folder that is open": [
        file("d/e/f"),
        symlink("d/e", "{jail}"),
        file("d/e/outside", b"x"),
        directory("d/e"),
        file("d/e/outside", b"x"),
    ],
    "link then folder entry": [symlink("d", "{jail}"), directory("d/outside")],
    "folder entry over a link": [symlink("canary", "{jail}/canary"), directory("canary", mode=0o777)],
    "dangling link": [symlink("l", "../../outside"), file("l/outside", b"x")],
    "dangling chain": [
        symlink("a", "b/../../outside"),
        symlink("b", "/nowhere/.."),
        file("a/outside/f", b"x"),
    ],
    "link to itself": [symlink("l", "l"), file("l/outside", b"x")],
    "circle": [symlink("a", "b"), symlink("b", "a"), directory("a/outside")],
    "file through a link": [symlink("outside", "{jail}/outside"), file("outside", b"x")],
    "set-user-id through a link": [
        symlink("secret", "{jail}/secret"),
        file("secret", b"x", mode=0o6777),
    ],
    "mode of a folder through a link": [symlink("d", "{jail}/canary"), directory("d/d", mode=0o777)],
    "owner through a link": [symlink("secret", "../secret", uid=7, gid=7), symlink("l", "../secret", uid=7)],
    "attribute through a link": [
        symlink("secret", "{jail}/secret", pax={"SCHILY.xattr.user.escaped": "yes"})
    ],
    "hard link by dots": [hardlink("h", "../secret"), file("h", b"x")],
    "hard link by a link": [symlink("l", "../"), hardlink("h", "l/secret")],
    "hard link by an absolute name": [hardlink("h", "{jail}/secret")],
    "hard link to a link": [symlink("l", "../secret"), hardlink("h", "l"), file("h", b"x")],
    "hard link to a link, with a mode": [symlink("l", "../secret"), hardlink("h", "l", mode=0o6777)],
    "hard link to a folder": [directory("d"), hardlink("h", "d")],
    "hard link in a linked folder": [symlink("l", "{jail}"), file("f"), hardlink("l/outside", "f")],
    "hard link to what is open through /proc": [symlink("l", "/proc/self/fd"), hardlink("h", "l/3")],
    "whiteout by dots": [whiteout("../secret")],
    "whiteout through a link": [symlink("l", ".."), whiteout("l/secret")],
    "whiteout through an absolute link": [symlink("l", "{jail}"), whiteout("l/canary")],
    "whiteout of a link": [symlink("canary", "{jail}/canary"), whiteout("canary")],
    "opaque through a link": [symlink("l", "{jail}"), opaque("l")],
    "opaque root by dots": [opaque("..")],
    "opaque in a link to a folder with a link": [symlink("l", "../canary"), opaque("l/d")],
    "magic link": [symlink("l", "/proc/self/root{jail}"), file("l/outside", b"x")],
    "magic working directory": [symlink("l", "/proc/self/cwd"), file("l/outside", b"x")],
    "long chain of links": [*(symlink(f"l{n}", f"l{n + 1}") for n in range(60)), file("l0/outside", b"x")],
    "pipe through a link": [symlink("l", "{jail}"), entry("l/outside", tarfile.FIFOTYPE)],
    "device through a link": [symlink("l", ".."), entry("l/outside", tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "link through a link": [symlink("l", "{jail}"), symlink("l/outside", "x")],
    "time through a link": [
        symlink("secret", "{jail}/secret", mtime=1),
        symlink("secret", "../secret", mtime=2),
    ],
    "replaced through a link": [symlink("l", "{jail}"), directory("l/secret"), symlink("l/canary", "x")],
}  # fmt: skip
REFUSED = {
    "link to itself",
    "circle",
    "hard link by dots",
    "hard link by a link",
    "hard link by an absolute name",
    "hard link to a folder",
    "hard link to what is open through /proc",
    "long chain of links",
}


def _layer(case: str, jail: Jail) -> bytes:
    """The layer, with the real path in its names and targets."""
    entries: list[Entry] = copy.deepcopy(ESCAPES[case])
    for info, _ in entries:
        info.linkname = info.linkname.replace("{jail}", str(jail.folder))
        info.name = info.name.replace("{jail}", str(jail.folder))
    return tar(*entries)


def _no_openat2(*_arguments: object) -> int:
    raise OSError(ENOSYS, "not there")


@pytest.mark.parametrize("case", ESCAPES)
@pytest.mark.parametrize("is_new_kernel", [True, False], ids=["openat2", "step by step"])
def test_nothing_outside_of_the_root_changes(
    case: str, jail: Jail, monkeypatch: pytest.MonkeyPatch, *, is_new_kernel: bool
) -> None:
    if not is_new_kernel:
        monkeypatch.setattr(root_module, "openat2", _no_openat2)
    if case in REFUSED:
        with pytest.raises(InvalidImage):
            jail.unpack(_layer(case, jail))
        assert jail.names() == []
    else:
        jail.unpack(_layer(case, jail))


@pytest.mark.parametrize("case", ESCAPES)
def test_what_one_layer_made_leads_the_next_nowhere(case: str, jail: Jail) -> None:
    """Each entry in a layer of its own: the links are then in the layer below."""
    entries: list[Entry] = copy.deepcopy(ESCAPES[case])
    for info, _ in entries:
        info.linkname = info.linkname.replace("{jail}", str(jail.folder))
        info.name = info.name.replace("{jail}", str(jail.folder))
    layers = [tar(one) for one in entries]
    if case in REFUSED:
        with pytest.raises(InvalidImage):
            jail.unpack(*layers)
        assert jail.names() == []
    else:
        jail.unpack(*layers)


@pytest.mark.requires("root", "overlayfs")
@pytest.mark.parametrize("case", ESCAPES)
def test_nor_where_each_layer_has_a_tree_of_its_own(case: str, jail: Jail) -> None:
    below = jail.folder.parent.parent / "below"
    below.mkdir()
    (below / "l").symlink_to(jail.folder)
    (below / "secret").symlink_to(jail.folder / "secret")
    with Root(jail.root) as root, Root(below) as parent:
        writer = LayerWriter(root, Ownership.KEEP, whiteouts=WhiteoutForm.TRUSTED, parents=(parent,))
        with contextlib.suppress(InvalidImage):
            writer.apply(io.BytesIO(_layer(case, jail)))
            writer.finish()
    assert sorted(path.name for path in below.iterdir()) == ["l", "secret"]
