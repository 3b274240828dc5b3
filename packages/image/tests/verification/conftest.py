"""A store with an image, for each snapshotter; and the tree that a fresh unpack of the image makes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from packages.image.tests.crashes.images import pull_image, write_image

from tiffin.image.snapshots import in_use
from tiffin.image.store.store import Store
from tiffin.image.transports import open_image
from tiffin.image.unpack import unpack

Facts = Callable[[Path], dict[str, tuple[object, ...]]]


@pytest.fixture
def memory_path() -> Iterator[Path]:
    """A new folder on tmpfs: tests that sync a lot have nothing to say about disks. It is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tiffin-image-", dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def only_our_mounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere on this machine somebody may have mounted overlays of folders that are called like ours."""
    monkeypatch.setattr(in_use, "mount_tables", lambda: {Path("/proc/self/mountinfo").read_text()})


@pytest.fixture(params=["overlayfs", "native"])
def store(request: pytest.FixtureRequest, memory_path: Path) -> Store:
    return Store(str(memory_path / "store"), snapshotter=request.param)


@pytest.fixture
def source(memory_path: Path) -> str:
    return write_image(memory_path / "layout")


@pytest.fixture
def pulled(store: Store, source: str) -> Store:
    """The store, with the image."""
    pull_image(source, store)
    return store


@pytest.fixture
def expected(source: str, memory_path: Path, facts: Facts) -> dict[str, tuple[object, ...]]:
    """A fresh unpack of the image, as facts."""
    folder = memory_path / "fresh"
    folder.mkdir()
    with ExitStack() as stack:
        unpack(open_image(source, stack), str(folder))
    return comparable(facts(folder))


def comparable(found: dict[str, tuple[object, ...]]) -> dict[str, tuple[object, ...]]:
    """Without what no layer says: the root's times and those of folders that no layer has an entry for (the image has
    the time 0 everywhere), and how many links there are, which an overlay counts otherwise.
    """
    return {
        path: (*fact[:3], fact[3] == 0, *fact[4:6]) for path, fact in found.items() if path not in ("", ".")
    }
