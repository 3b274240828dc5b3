"""A store on overlays, how many layers it makes at once, and what must be left when all is over."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tiffin.image.layers.apply import LayerWriter
from tiffin.image.store import stacking
from tiffin.image.store.store import Store

AtOnce = Callable[[int], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a store."""
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> Iterator[Store]:
    """On overlays, leased; afterwards nobody is at work, and nothing half is left."""
    with Store(str(root), snapshotter="overlayfs").leased() as leased:
        yield leased
        leased.database.close()
    assert not [one.name for one in threading.enumerate() if one.name.startswith("tiffin-")]
    assert os.listdir(root / "locks") == []


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> AtOnce:
    """Says how many layers are made at a time."""

    def say(number: int) -> None:
        monkeypatch.setattr(stacking, "at_once", lambda: number)

    say(2)
    return say


@pytest.fixture
def applied(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Is released for each layer whose files are there."""
    found = threading.Semaphore(0)
    end = LayerWriter.end

    def told(writer: LayerWriter) -> None:
        end(writer)
        found.release()

    monkeypatch.setattr(LayerWriter, "end", told)
    return found


def kept(store: Store) -> list[str]:
    """The names of the snapshots in a store; each of them has its folder, and nothing else has one."""
    names = [info.key for info in store.snapshots.walk()]
    assert len(os.listdir(os.path.join(store.snapshots.root, "snapshots"))) == len(names)
    return names
