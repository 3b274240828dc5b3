"""What a collection keeps for containers, sandboxes and flat leases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tiffin.image.documents import Descriptor
from tiffin.image.errors import FailedPrecondition, NotFound
from tiffin.image.metadata.database import Database
from tiffin.image.metadata.labels import GC_EXPIRE, GC_FLAT
from tiffin.image.metadata.namespaces import LocalNamespaceStore
from tiffin.image.metadata.protocol import Resource
from tiffin.image.snapshots.protocol import SnapshotInfo
from tiffin.image.store.store import Store

CONTAINER = "INSERT INTO containers VALUES ('default', ?, ?, 'r', 'native', ?, '', ?, x'')"
SANDBOX = "INSERT INTO sandboxes VALUES ('default', ?, ?, x'')"
PAST = "2001-01-01T00:00:00Z"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(str(tmp_path / "store"), snapshotter="native")
    for key, parent in (("bottom", ""), ("middle", "bottom"), ("other", "")):
        store.snapshots.prepare("active", parent)
        store.snapshots.commit(key, "active")
    store.snapshots.prepare("top", "middle")
    return store


def keys(store: Store) -> set[str]:
    def key(info: SnapshotInfo) -> str:
        return info.key

    return set(map(key, store.snapshots.walk()))


def add(database: Database, query: str, *values: str) -> None:
    with database.writing() as connection:
        connection.execute(query, values)


def blob(store: Store, data: bytes) -> str:
    with store.content.writer("made") as writer:
        writer.write(data)
        return writer.commit()


def test_a_container_keeps_its_snapshot_image_and_what_its_labels_name(store: Store) -> None:
    target, labelled, bearer = blob(store, b"target"), blob(store, b"labelled"), blob(store, b"bearer")
    store.content.update(bearer, {"containerd.io/gc.bref.container": "one"})
    store.images.put("old", Descriptor("m", target, 6, {}, None), labels={GC_EXPIRE: PAST})
    labels = f'{{"containerd.io/gc.ref.content.x":"{labelled}"}}'
    add(store.database, CONTAINER, "one", "old", "top", labels)
    store.collect()
    assert keys(store) == {"bottom", "middle", "top"}
    assert {info.digest for info in store.content.walk()} == {target, labelled, bearer}
    assert store.images.get("old").name == "old"
    add(store.database, "DELETE FROM containers WHERE id = ?", "one")
    store.collect()
    assert keys(store) == set()
    assert list(store.content.walk()) == []
    with pytest.raises(NotFound):
        store.images.get("old")


def test_a_sandbox_keeps_what_its_labels_name(store: Store) -> None:
    add(store.database, SANDBOX, "pod", '{"containerd.io/gc.ref.snapshot.native":"middle"}')
    store.collect()
    assert keys(store) == {"bottom", "middle"}


def test_a_flat_lease_keeps_the_parents_of_a_snapshot(store: Store) -> None:
    store.leases.create("flat", labels={GC_FLAT: "yes"})
    store.leases.add("flat", [Resource("snapshots/native", "top")])
    store.collect()
    assert keys(store) == {"bottom", "middle", "top"}


def test_a_namespace_with_containers_or_sandboxes_stays(store: Store) -> None:
    store.collect()
    namespaces = LocalNamespaceStore(store.database)
    add(store.database, CONTAINER, "one", "", "", "{}")
    add(store.database, SANDBOX, "pod", "{}")
    with pytest.raises(FailedPrecondition, match="it still has containers, sandboxes"):
        namespaces.delete("default")
    add(store.database, "DELETE FROM containers WHERE id = ?", "one")
    add(store.database, "DELETE FROM sandboxes WHERE id = ?", "pod")
    store.leases.create("goes with it")
    namespaces.delete("default")
    assert namespaces.list() == {}
    assert store.leases.list() == []
