"""A disk without room, and one that cannot be written: a clear error, nothing lost, and then it goes on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from errno import ENOSPC, EROFS
from pathlib import Path

import pytest
from packages.image.tests.crashes.disks import filled, mounted_disk, remount
from packages.image.tests.crashes.images import NAME, OTHER, left, mounted, pull_image, says, write_image
from packages.image.tests.crashes.stores import later

from tiffin.image.store.names import find_named
from tiffin.image.store.store import Store
from tiffin.image.verification.verify import verify
from tiffin_testing.images import file, tar

pytestmark = [
    pytest.mark.requires("root", "overlayfs"),
    pytest.mark.skipif(not os.path.exists("/dev/loop-control"), reason="there are no loop devices"),
]

STEP = 320 * 1024
ENOUGH = 12 << 20
LARGE = tuple(
    tar(*(file(f"{layer}/{number}", random.Random(number).randbytes(50_000)) for number in range(20)))  # noqa: S311
    for layer in "ab"
)
NO_ROOM = 8192  # bytes: not even for the index of SQLite's log


@pytest.fixture(scope="module")
def large(place: Path) -> str:
    """An image of two layers, a megabyte each."""
    return write_image(place / "large", LARGE)


@pytest.fixture(params=["tmpfs", "ext4"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with mounted_disk(request.param, tmp_path) as target:
        yield target


@pytest.fixture
def store(disk: Path, sources: tuple[str, str]) -> Iterator[Store]:
    """A store on the disk, with an image that was pulled while there was room, and a blob that nothing keeps.

    No process has it open.
    """
    root = str(disk / "store")
    made = Store(root)
    pull_image(sources[0], made)
    with made.content.writer("unnamed") as writer:
        writer.write(b"unnamed")
        writer.commit()
    made.database.close()
    opened = Store(root)
    yield opened
    opened.database.close()


def is_usable(store: Store, tmp_path: Path) -> bool:
    """Whether the image that was there before is found, and runs."""
    found = find_named(store, NAME)
    assert found is not None
    with mounted(store, found[1], tmp_path / "mounted") as root:
        return says(root) == "3"


def test_a_full_disk_loses_nothing_and_with_room_the_pull_finishes(
    store: Store, disk: Path, large: str, tmp_path: Path
) -> None:
    errors = []
    for free in (0, NO_ROOM, *range(32768, ENOUGH, STEP)):
        with filled(disk, free):
            try:
                pull_image(large, store, OTHER)
            except OSError as error:
                errors.append(error)
            assert is_usable(store, tmp_path)
            assert verify(store) == ()
        if find_named(store, OTHER) is not None:
            break
    assert len(errors) > 5
    assert {error.errno for error in errors} == {ENOSPC}
    assert all("No space left on device" in str(error) for error in errors)
    afterwards = later(store.root)
    afterwards.collect()
    afterwards.database.close()
    assert left(store) == []
    assert verify(store) == ()
    assert find_named(store, OTHER) is not None


def test_a_collection_makes_room_on_a_full_disk(store: Store, disk: Path, large: str) -> None:
    pull_image(large, store, OTHER)
    with filled(disk, 256 * 1024):  # for SQLite's log
        store.images.delete(OTHER)
        store.collect()
        assert len(list(store.snapshots.walk())) == 4
    assert left(store) == []


def test_a_store_on_a_disk_without_any_room_is_opened_again_when_there_is_some(
    store: Store, disk: Path
) -> None:
    with filled(disk, 0):
        assert [stored.name for stored in store.images.list()] == [NAME]
        with pytest.raises(OSError, match="No space left on device") as failure:
            store.images.delete(NAME)
        assert failure.value.errno == ENOSPC
    store.images.delete(NAME)
    assert store.images.list() == []


WRITES: dict[str, Callable[[Store, str], object]] = {
    "a pull": lambda store, source: pull_image(source, store),
    "a name": lambda store, _: store.images.delete(NAME),
    "a blob": lambda store, _: store.content.writer("x"),
    "a snapshot": lambda store, _: store.snapshots.prepare("x"),
    "a lease": lambda store, _: store.leases.create(),
    "a collection": lambda store, _: store.collect(),
}


@pytest.fixture
def read_only(store: Store, disk: Path) -> Iterator[Store]:
    """The store, on a disk that cannot be written (any more)."""
    remount(disk, "ro")
    yield store
    store.database.close()
    remount(disk, "rw")


def test_a_read_only_store_can_be_read_and_checked(read_only: Store, tmp_path: Path) -> None:
    assert [stored.name for stored in read_only.images.list()] == [NAME]
    assert is_usable(read_only, tmp_path)
    assert verify(read_only) == ()


@pytest.mark.parametrize("what", WRITES)
def test_writing_to_a_read_only_store_is_a_clear_error(read_only: Store, large: str, what: str) -> None:
    with pytest.raises(OSError, match="Read-only file system") as failure:
        WRITES[what](read_only, large)
    assert failure.value.errno == EROFS


def test_damage_is_found_on_a_read_only_disk(store: Store, disk: Path) -> None:
    blob = next(Path(store.root).glob("content/blobs/*/*"))
    os.truncate(blob, 1)
    remount(disk, "ro")
    assert [finding.what for finding in verify(store, note=False)] == [f"sha256:{blob.name}"]
    with pytest.raises(OSError, match="Read-only file system"):
        verify(store)
    store.database.close()
    remount(disk, "rw")


def test_what_a_killed_process_has_written_is_seen_on_a_read_only_disk(store: Store, disk: Path) -> None:
    """Then it stands in SQLite's log only."""
    code = (
        "import os, sys; from tiffin.image.store.store import Store; "
        "store = Store(sys.argv[1]); store.leases.create('left'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, store.root], check=True, timeout=60)
    assert os.path.getsize(f"{store.database_path}-wal")
    remount(disk, "ro")
    assert [lease.id for lease in store.leases.list()] == ["left"]
    store.database.close()
    remount(disk, "rw")
