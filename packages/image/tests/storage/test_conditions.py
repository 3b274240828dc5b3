"""Snapshots that are kept on a condition. Cases of containerd 2.3.4, core/metadata/gc_test.go, and of its parser."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tiffin.image.collection.conditions import CONDITION, USED_AT
from tiffin.image.documents import Descriptor
from tiffin.image.metadata.labels import GC_ROOT
from tiffin.image.store.store import Store

HOUR = timedelta(hours=1)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Snapshots `new`, used half an hour ago, on `base`; `old`, used three hours ago; and `never`."""
    store = Store(str(tmp_path / "store"), snapshotter="native")
    snapshots = store.snapshots
    for key, parent, used in (
        ("base", "", None),
        ("new", "base", HOUR / 2),
        ("old", "", 3 * HOUR),
        ("never", "", None),
    ):
        snapshots.prepare(f"{key}-active", parent)
        snapshots.commit(key, f"{key}-active", labels={} if used is None else {USED_AT: ago(used)})
    return store


def ago(time: timedelta) -> str:
    return (datetime.now(UTC) - time).isoformat()


def blob(store: Store, labels: dict[str, str]) -> str:
    with store.content.writer("made") as writer:
        writer.write(repr(labels).encode())
        return writer.commit(labels=labels)


def kept(store: Store) -> set[str]:
    store.collect()
    return {info.key for info in store.snapshots.walk()}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("usedat<2h|new", {"new", "base"}),
        ("usedat<2h|old", set()),
        ("usedat>2h|old", {"old"}),
        ("usedat>2h|new", set()),
        ("usedat<2h|never", set()),
        ("usedat>2h|never", set()),
        ("usedat<1m,usedat>2h|old", {"old"}),
        ("other=3,usedat<1h30m|new", {"new", "base"}),
        ("usedat<=2h|new", set()),
        ("usedat=2h|new", set()),
        ("usedat!=2h|new", set()),
        ("usedat<soon|new", set()),
        ("usedat<-2h|new", set()),
        ("usedat<2h", set()),
        ("usedat<2h|none", set()),
        ("", set()),
    ],
)
def test_a_blob_that_is_kept(store: Store, value: str, wanted: set[str]) -> None:
    blob(store, {GC_ROOT: "yes", f"{CONDITION}.native": value})
    assert kept(store) == wanted


def test_names_after_the_snapshotter_and_other_snapshotters(store: Store) -> None:
    labels = {f"{CONDITION}.native/one": "usedat<2h|new", f"{CONDITION}.overlayfs": "usedat>2h|old"}
    blob(store, {GC_ROOT: "yes", **labels, f"{CONDITION}.native/two": "usedat>2h|old"})
    assert kept(store) == {"base", "new", "old"}


def test_an_image_keeps_so_too(store: Store) -> None:
    target = blob(store, {})
    store.images.put(
        "image", Descriptor("m", target, 2, {}, None), labels={f"{CONDITION}.native": "usedat<2h|new"}
    )
    assert kept(store) == {"base", "new"}


def test_a_blob_that_nothing_keeps_keeps_nothing(store: Store) -> None:
    blob(store, {f"{CONDITION}.native": "usedat<2h|new"})
    assert kept(store) == set()
    assert list(store.content.walk()) == []


def test_of_several_times_any_counts(store: Store) -> None:
    store.snapshots.update("old", {f"{USED_AT}.by": ago(HOUR), f"{USED_AT}.odd": "yesterday"})
    blob(store, {GC_ROOT: "yes", f"{CONDITION}.native": "usedat<2h|old"})
    assert kept(store) == {"old"}


@pytest.mark.parametrize(
    "time", ["yesterday", "2001-01-01", "2001-01-01T00:00:00", "20010101T000000Z", "2001-13-01T00:00:00Z"]
)
def test_what_is_no_time_is_none(store: Store, time: str) -> None:
    store.snapshots.update("never", {USED_AT: time})
    blob(store, {GC_ROOT: "yes", f"{CONDITION}.native": "usedat>1h|never"})
    assert kept(store) == set()
