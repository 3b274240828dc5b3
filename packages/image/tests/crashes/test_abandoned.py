"""Ingests that nobody goes on with are collected after a day, and no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from packages.image.tests.crashes.stores import later

from tiffin.image.metadata.namespaces import Scope
from tiffin.image.metadata.protocol import Resource
from tiffin.image.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"), snapshotter="native")


def begin(store: Store, name: str = "left") -> None:
    with store.content.writer(name) as writer:
        writer.write(b"some bytes")


def names(store: Store) -> list[str]:
    return [status.reference for status in store.content.statuses()]


def test_a_young_one_stays(store: Store) -> None:
    begin(store)
    store.collect()
    assert names(store) == ["left"]


def test_an_old_one_goes_in_every_namespace(store: Store) -> None:
    begin(store)
    begin(Store(store.root, Scope("other")), "other's")
    later(store.root).collect()
    assert os.listdir(Path(store.content.root, "ingest")) == []


def test_one_that_was_written_to_lately_stays(store: Store) -> None:
    begin(store)
    begin(later(store.root), "left")  # the clock of the store counts
    later(store.root).collect()
    assert names(store) == ["left"]


def test_one_whose_data_was_written_lately_stays(store: Store) -> None:
    """A process that was killed could not write down when it wrote."""
    begin(store)
    data = next(Path(store.content.root).glob("ingest/*/data"))
    moment = later(store.root).database.now()
    os.utime(data, ns=(moment, moment))
    later(store.root).collect()
    assert names(store) == ["left"]


def test_one_in_a_lease_stays_until_the_lease_ends(store: Store) -> None:
    begin(store)
    store.leases.create("for good")
    store.leases.add("for good", [Resource("ingests", "left")])
    later(store.root).collect()
    assert names(store) == ["left"]
    store.leases.delete("for good")
    later(store.root).collect()
    assert names(store) == []


def test_one_in_a_lease_that_is_over_goes(store: Store) -> None:
    with store.leased() as leased:
        begin(leased)
    store.leases.create("short", seconds=60)
    store.leases.add("short", [Resource("ingests", "left")])
    later(store.root).collect()
    assert names(store) == []


def test_one_that_a_process_has_open_stays(store: Store) -> None:
    with store.content.writer("held") as writer:
        writer.write(b"some bytes")
        later(store.root).collect()
        assert names(store) == ["held"]
        assert writer.commit().startswith("sha256:")


def test_another_namespace_s_lease_protects_nothing(store: Store) -> None:
    begin(store)
    other = Store(store.root, Scope("other"))
    other.leases.create("for good")
    other.leases.add("for good", [Resource("ingests", "left")])
    later(store.root).collect()
    assert names(store) == []
