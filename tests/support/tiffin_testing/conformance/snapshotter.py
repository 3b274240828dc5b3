"""What every `Snapshotter` does; checked against containerd 1.6.20 where it says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiffin.image.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from tiffin.image.snapshots.protocol import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.image.snapshots.protocol import Mount, Snapshotter


def check_snapshotter(make: Callable[[], Snapshotter]) -> None:
    """Runs all checks, each with a snapshotter of its own, which `make` makes empty."""
    for check in (_kinds, _refusals, _removal, _labels, _usage, _cleanup):
        check(make())


def written(mounts: tuple[Mount, ...]) -> Path:
    """Where a lone layer's files go."""
    (mount,) = mounts
    assert mount.type == "bind"
    return Path(mount.source)


def _two(snapshots: Snapshotter) -> None:
    (written(snapshots.prepare("a")) / "file").write_bytes(b"x" * 5000)
    snapshots.commit("A", "a", labels={"l": "1"})
    snapshots.prepare("b", "A")


def _kinds(snapshots: Snapshotter) -> None:
    _two(snapshots)
    snapshots.view("v", "A")
    found = [(info.key, info.parent, info.kind) for info in snapshots.walk()]
    assert found == [("A", "", Kind.COMMITTED), ("b", "A", Kind.ACTIVE), ("v", "A", Kind.VIEW)]
    (view,) = snapshots.mounts("v")
    assert view.type == "bind"
    assert "ro" in view.options
    assert (Path(view.source) / "file").stat().st_size == 5000
    with pytest.raises(NotFound):
        snapshots.stat("a")


def _refusals(snapshots: Snapshotter) -> None:  # each as containerd
    _two(snapshots)
    snapshots.view("v", "A")
    for error, call in (
        (AlreadyExists, lambda: snapshots.prepare("b", "A")),
        (NotFound, lambda: snapshots.prepare("c", "nothing")),
        (InvalidArgument, lambda: snapshots.prepare("c", "b")),
        (InvalidArgument, lambda: snapshots.view("c", "v")),
        (FailedPrecondition, lambda: snapshots.commit("V", "v")),
        (AlreadyExists, lambda: snapshots.commit("A", "b")),
        (NotFound, lambda: snapshots.commit("C", "c")),
        (FailedPrecondition, lambda: snapshots.mounts("A")),
        (FailedPrecondition, lambda: snapshots.remove("A")),
        (NotFound, lambda: snapshots.remove("nothing")),
    ):
        with pytest.raises(error):
            call()
    assert [info.key for info in snapshots.walk()] == ["A", "b", "v"]


def _removal(snapshots: Snapshotter) -> None:
    _two(snapshots)
    snapshots.remove("b")
    snapshots.remove("A")
    assert list(snapshots.walk()) == []


def _labels(snapshots: Snapshotter) -> None:
    snapshots.prepare("a", labels={"x": "1", "y": "2"})
    assert dict(snapshots.update("a", {"x": "", "z": "3"}).labels) == {"y": "2", "z": "3"}
    snapshots.commit("A", "a", labels={"l": "1"})  # those of the active one are not kept, as in containerd
    assert dict(snapshots.stat("A").labels) == {"l": "1"}


def _usage(snapshots: Snapshotter) -> None:
    _two(snapshots)
    snapshots.view("v", "A")
    assert snapshots.usage("A").inodes == 2  # the root counts, as in containerd
    assert snapshots.usage("A").size >= 5000
    assert tuple(snapshots.usage("v")) == (0, 0)


def _cleanup(snapshots: Snapshotter) -> None:
    _two(snapshots)
    snapshots.cleanup()
    assert [info.key for info in snapshots.walk()] == ["A", "b"]
    assert snapshots.mounts("b")
