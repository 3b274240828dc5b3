"""Whom files belong to: ids as a user namespace maps them, and what it does not map."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.owners import UNMAPPED, IdMaps, IdRange, Ownership
from tiffin.image.layers.root import Root
from tiffin_testing.images import directory, file, symlink, tar

MAPS = IdMaps((IdRange(0, 100_000, 1000),), (IdRange(0, 200_000, 1000),))


@pytest.mark.parametrize(
    ("ids", "host", "whole"),
    [
        ((0, 0), (100_000, 200_000), True),
        ((999, 5), (100_999, 200_005), True),
        ((1000, 5), (100_000, 200_005), False),
        ((5, 70_000), (100_005, 200_000), False),
    ],
)
def test_ids_are_mapped_and_what_is_not_belongs_to_root(
    ids: tuple[int, int],
    host: tuple[int, int],
    whole: bool,  # noqa: FBT001  # a column of the table
) -> None:
    assert MAPS.to_host(*ids) == (*host, whole)


def test_the_way_back() -> None:
    assert MAPS.to_container(100_999, 200_005) == (999, 5)
    assert MAPS.to_container(0, 200_000) == (UNMAPPED, 0)


def test_maps_without_a_root_are_refused() -> None:
    with pytest.raises(InvalidImage, match="no root"):
        IdMaps((IdRange(1, 100_000, 10),), (IdRange(0, 200_000, 10),)).to_host(1, 0)


@pytest.mark.requires("root")
def test_a_tree_gets_the_mapped_owners(root: Path) -> None:
    layer = tar(
        directory("d/", uid=1, gid=2), file("d/f", b"", uid=3, gid=4), symlink("l", "d", uid=5, gid=6),
        file("far", b"", uid=5000, gid=0),
    )  # fmt: skip
    with Root(root) as opened:
        writer = LayerWriter(opened, Ownership.KEEP, ids=MAPS)
        writer.apply(io.BytesIO(layer))
        writer.finish()
    found = {name: (root / name).lstat() for name in ("d", "d/f", "l", "far")}
    assert {name: (status.st_uid, status.st_gid) for name, status in found.items()} == {
        "d": (100_001, 200_002),
        "d/f": (100_003, 200_004),
        "l": (100_005, 200_006),
        "far": (100_000, 200_000),
    }
    assert sum(writer.left_out.values()) == 1
