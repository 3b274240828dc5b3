"""Layers made of trees, and applied to copies of them."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.diff.change import Change
from tiffin.image.layers.diff.walk import tree_changes
from tiffin.image.layers.diff.write import write_layer
from tiffin.image.layers.owners import IdMaps, Ownership
from tiffin.image.layers.root import Root

Trees = dict[str, tuple[object, ...]]
Facts = Callable[[Path], Trees]


def written(changes: Iterable[Change], *, ids: IdMaps | None = None, epoch: int | None = None) -> bytes:
    buffer = io.BytesIO()
    write_layer(changes, buffer, ids=ids, source_date_epoch=epoch)
    return buffer.getvalue()


def applied(layer: bytes, folder: Path, ids: IdMaps | None = None) -> None:
    with Root(folder) as root:
        writer = LayerWriter(root, Ownership.possible(), ids=ids)
        writer.apply(io.BytesIO(layer))
        writer.finish()


def copied(source: Path, target: Path) -> Path:
    """A copy that nobody can tell, but by its inodes."""
    target.mkdir()
    subprocess.run(["cp", "--archive", f"{source}/.", target], check=True, timeout=60)
    return target


@pytest.fixture
def write() -> Callable[..., bytes]:
    """Changes as a layer."""
    return written


@pytest.fixture
def apply_to() -> Callable[..., None]:
    """Applies a layer to a folder."""
    return applied


@pytest.fixture
def copy() -> Callable[[Path, Path], Path]:
    """Copies a tree with everything."""
    return copied


@pytest.fixture
def exact(facts: Facts, tmp_path: Path) -> Callable[[Path, Path], list[Change]]:
    """Checks that the changes from one tree to another, applied to a copy of the first, make the second exactly."""

    def check(lower: Path, upper: Path) -> list[Change]:
        changes = list(tree_changes(str(lower), str(upper)))
        result = copied(lower, tmp_path / "result")
        applied(written(changes), result)
        assert_equal(facts(result), facts(upper), changes)
        assert list(tree_changes(str(result), str(upper))) == []
        return changes

    return check


def assert_equal(found: Trees, expected: Trees, changes: list[Change]) -> None:
    """The time of a directory alone is no change, and no layer tells that of the root."""
    told = {os.fsdecode(change.path) for change in changes}
    for tree in (found, expected):
        for path, fact in tree.items():
            if str(fact[0]).startswith("0o4") and path not in told:
                tree[path] = (*fact[:3], None, *fact[4:])
    assert found == expected


@pytest.fixture
def equal() -> Callable[[Trees, Trees, list[Change]], None]:
    """The check of `exact` alone."""
    return assert_equal
