"""A collection beside writers: what they write while it looks counts, and how long they wait is bounded and told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tiffin.image.collection import collect as collecting
from tiffin.image.collection import sweep
from tiffin.image.metadata.protocol import Resource
from tiffin.image.store.store import Store

if TYPE_CHECKING:
    import sqlite3

    from tiffin.image.collection.references import Node
    from tiffin.image.collection.sweep import Marked

COUNT = 250


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """With many stacks of snapshots that nothing keeps, and few that go at once."""
    monkeypatch.setattr(collecting, "AT_ONCE", 7)
    store = Store(str(tmp_path / "store"), snapshotter="native")
    for key, parent in (("bottom", ""), ("middle", "bottom"), ("top", "middle")):
        store.snapshots.prepare("active", parent)
        store.snapshots.commit(key, "active")
    with store.database.writing() as connection:
        for number in range(COUNT):
            connection.execute(
                "INSERT INTO snapshots (namespace, snapshotter, key, parent, kind, created, updated, labels)"
                " SELECT namespace, snapshotter, ?, id, kind, 0, 0, '{}' FROM snapshots WHERE key = ?",
                (f"chain-{number}", f"chain-{number - 1}" if number % 10 else "top"),
            )
    return store


def keys(store: Store) -> set[str]:
    return {info.key for info in store.snapshots.walk()}


def disturbed(monkeypatch: pytest.MonkeyPatch, disturb: Callable[[], object], times: int) -> list[Marked]:
    """Another thread, so another connection, writes right after garbage was found, so many times; what was found."""
    found: list[Marked] = []

    def mark_and_disturb(connection: sqlite3.Connection, now: int, roots: tuple[Node, ...]) -> Marked:
        found.append(sweep.mark(connection, now, roots))
        if len(found) <= times:
            thread = threading.Thread(target=disturb)
            thread.start()
            thread.join()
        return found[-1]

    monkeypatch.setattr(collecting, "mark", mark_and_disturb)
    return found


def test_many_stacks_go_in_parts_children_first(store: Store) -> None:
    found = store.collect()
    assert len(found.removed) == COUNT + 3
    assert (found.kept, keys(store)) == (0, set())
    assert found.pause > 0


def test_what_is_kept_costs_writers_nothing(store: Store) -> None:
    store.leases.create("all")
    ends = range(9, COUNT, 10)
    store.leases.add("all", [Resource("snapshots/native", f"chain-{number}") for number in ends])
    found = store.collect()
    assert (found.removed, found.pause, found.kept) == ((), 0.0, COUNT + 3)


def test_what_gets_a_keeper_meanwhile_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep() -> None:
        store.leases.create("late")
        store.leases.add("late", [Resource("snapshots/native", "top")])

    found = disturbed(monkeypatch, keep, 1)
    assert len(store.collect().removed) == COUNT
    assert keys(store) == {"bottom", "middle", "top"}
    assert len(found) == 2


def test_writers_that_never_rest_are_made_to_wait(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    found = disturbed(monkeypatch, store.leases.create, collecting.ATTEMPTS)
    assert len(store.collect().removed) == COUNT + 3
    assert len(found) == collecting.ATTEMPTS + 1
