"""Unpacked trees are, file by file, those that umoci and containerd unpack: of made-up images and of a real Debian."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.peers.changes import CHANGES, REFUSED
from packages.image.tests.peers.containerd import Containerd
from packages.image.tests.peers.debian import debian_layout
from packages.image.tests.peers.detailed import detailed_layers
from packages.image.tests.peers.tree import differences
from packages.image.tests.peers.unpackers import (
    SNAPSHOTTERS,
    as_containerd,
    by_containerd,
    by_store,
    by_umoci,
    by_unpack,
    settled,
)

from tiffin.image.errors import InvalidImage
from tiffin.image.writing import write_layout

if TYPE_CHECKING:
    from packages.image.tests.peers.tree import Facts

pytestmark = [
    pytest.mark.tier("interop"),
    pytest.mark.requires("root", "overlayfs", "ns_mount", "umoci"),
]
OURS = ("unpack", *SNAPSHOTTERS)


def ours(kind: str, layout: Path, folder: Path) -> Facts:
    return by_unpack(layout, folder) if kind == "unpack" else by_store(layout, folder, kind)


@pytest.fixture(scope="module")
def detailed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layout with the image that has every detail."""
    folder = tmp_path_factory.mktemp("detailed")
    write_layout(str(folder / "layout"), detailed_layers(folder), {"Cmd": ["sh"]}, "1")
    return folder / "layout"


@pytest.fixture(scope="module")
def seen_by_umoci(detailed: Path, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return by_umoci(detailed, tmp_path_factory.mktemp("umoci"))


@pytest.mark.parametrize("kind", OURS)
def test_every_detail_is_as_umoci_has_it(
    kind: str, detailed: Path, seen_by_umoci: Facts, tmp_path: Path
) -> None:
    assert len(seen_by_umoci) > 70
    assert differences(seen_by_umoci, ours(kind, detailed, tmp_path)) == []


@pytest.mark.requires("containerd", "ctr")
@pytest.mark.parametrize("snapshotter", SNAPSHOTTERS)
def test_every_detail_is_as_containerd_has_it(
    snapshotter: str, detailed: Path, ctr: Containerd, tmp_path: Path
) -> None:
    expected = by_containerd(ctr, detailed, tmp_path, snapshotter)
    found = as_containerd(by_store(detailed, tmp_path, snapshotter), expected, snapshotter)
    assert differences(expected, found) == []


@pytest.mark.parametrize("name", CHANGES)
def test_what_one_layer_makes_of_another_is_as_umoci_has_it(name: str, tmp_path: Path) -> None:
    write_layout(str(tmp_path / "layout"), CHANGES[name], {}, "1")
    expected = by_umoci(tmp_path / "layout", tmp_path)
    for kind in OURS:
        found = ours(kind, tmp_path / "layout", tmp_path)
        assert differences(settled(expected, found), settled(found, expected)) == [], kind


@pytest.mark.parametrize("name", REFUSED)
def test_what_umoci_refuses_is_refused(name: str, tmp_path: Path) -> None:
    write_layout(str(tmp_path / "layout"), REFUSED[name], {}, "1")
    with pytest.raises(AssertionError, match=r"no such file|not a directory"):
        by_umoci(tmp_path / "layout", tmp_path)
    for kind in OURS:
        with pytest.raises(InvalidImage):
            ours(kind, tmp_path / "layout", tmp_path)
        shutil.rmtree(tmp_path / "plain", ignore_errors=True)


@pytest.mark.timeout(1200)
@pytest.mark.requires("containerd", "ctr", "skopeo", "debootstrap")
def test_a_real_debian(ctr: Containerd, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    layout = debian_layout(pytestconfig.cache.mkdir("debian"))
    expected = by_umoci(layout, tmp_path)
    assert len(expected) > 5000
    found = {kind: ours(kind, layout, tmp_path) for kind in OURS}
    for kind in OURS:
        assert differences(expected, found[kind]) == [], kind
    for snapshotter in SNAPSHOTTERS:
        others = by_containerd(ctr, layout, tmp_path, snapshotter)
        assert differences(others, as_containerd(found[snapshotter], others, snapshotter)) == [], snapshotter
