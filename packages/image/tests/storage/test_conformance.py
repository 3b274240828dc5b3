"""The local stores pass the suites of their protocols."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from tiffin.image.content.local import LocalContentStore
from tiffin.image.metadata.database import Database
from tiffin.image.snapshots.local import LocalSnapshotter
from tiffin.image.snapshots.native import native_snapshotter
from tiffin.image.snapshots.overlayfs import overlay_snapshotter
from tiffin_testing.conformance.content_store import check_content_store
from tiffin_testing.conformance.snapshotter import check_snapshotter


def test_the_local_content_store(tmp_path: Path) -> None:
    numbers = count()

    def make() -> LocalContentStore:
        root = tmp_path / str(next(numbers))
        root.mkdir()
        return LocalContentStore(str(root / "content"), Database(str(root / "metadata.db")))

    check_content_store(make)


@pytest.mark.parametrize("kind", [overlay_snapshotter, native_snapshotter], ids=["overlayfs", "native"])
def test_the_local_snapshotters(tmp_path: Path, kind: Callable[[str, Database], LocalSnapshotter]) -> None:
    numbers = count()

    def make() -> LocalSnapshotter:
        root = tmp_path / str(next(numbers))
        root.mkdir()
        return kind(str(root), Database(str(root / "metadata.db")))

    check_snapshotter(make)
