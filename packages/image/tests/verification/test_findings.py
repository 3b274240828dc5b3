"""What `verify` says about databases and images, and what a writer takes over."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from packages.image.tests.crashes.images import NAME, left, pull_image

from tiffin.image.digest import digest_of
from tiffin.image.errors import AlreadyExists, DataLoss, NotFound
from tiffin.image.metadata.namespaces import Scope
from tiffin.image.store.names import ON_DISK
from tiffin.image.store.store import Store
from tiffin.image.verification.finding import Kind
from tiffin.image.verification.verify import verify

DATA = b"some content" * 1000
DIGEST = digest_of(DATA)


def put(store: Store, data: bytes = DATA) -> str:
    with store.content.writer("put") as writer:
        writer.write(data)
        return writer.commit()


def file_of(store: Store, digest: str = DIGEST) -> Path:
    return Path(store.content.root, "blobs", *digest.split(":"))


@pytest.fixture
def plain(memory_path: Path) -> Store:
    """An empty store."""
    return Store(str(memory_path / "plain"), snapshotter="native")


def test_a_database_that_is_none_is_a_finding(plain: Store) -> None:
    put(plain)
    plain.database.close()
    Path(plain.database_path).write_bytes(b"no database" * 1000)
    (finding,) = verify(Store(plain.root))
    assert (finding.kind, finding.what, finding.name) == (Kind.DATABASE, plain.database_path, "")
    assert "move it away" in finding.text
    with pytest.raises(DataLoss, match="move it away"):
        Store(plain.root).images.list()


def test_a_damaged_page_of_the_database_is_a_finding(plain: Store) -> None:
    with plain.database.writing() as connection:
        for number in range(2000):
            values = (digest_of(b"%d" % number), number)
            connection.execute("INSERT INTO blobs VALUES ('default', ?, ?, 1, 1, '{}')", values)
    plain.database.close()  # which brings all of it from the log to the file
    size = os.path.getsize(plain.database_path)
    with open(plain.database_path, "r+b") as file:
        for page in range(4096 * 8, size, 4096 * 2):
            file.seek(page)
            file.write(b"\xff" * 100)
    findings = verify(Store(plain.root))
    assert findings
    assert {finding.kind for finding in findings} == {Kind.DATABASE}
    with pytest.raises(DataLoss, match="is damaged"):
        list(Store(plain.root).content.walk())


def test_without_the_database_the_next_pull_fetches_no_layer(
    pulled: Store, source: str, memory_path: Path
) -> None:
    pulled.database.close()
    for path in Path(pulled.root).glob("metadata.db*"):
        path.unlink()
    again = Store(pulled.root)
    layers = list((memory_path / "layout" / "blobs" / "sha256").iterdir())
    for path in layers:
        if path.stat().st_size > 5000:
            path.write_bytes(b"")
    pull_image(source, again)
    assert verify(again) == ()
    again.collect()
    assert left(again) == []


def test_an_image_that_lacks_something_is_a_finding(pulled: Store, source: str) -> None:
    labels = dict(pulled.images.get(NAME).labels)
    config = labels["dev.tiffin/config"]
    pulled.content.delete(config)
    top = labels[f"containerd.io/gc.ref.snapshot.{pulled.snapshots.name}"]
    pulled.snapshots.remove(top)
    assert [(finding.kind, finding.what, finding.name) for finding in verify(pulled)] == [
        (Kind.CONTENT_UNKNOWN, config, NAME),
        (Kind.SNAPSHOT_UNKNOWN, top, NAME),
    ]
    pull_image(source, pulled)
    assert verify(pulled) == ()


def test_an_image_without_its_manifest_is_a_finding(pulled: Store) -> None:
    target = pulled.images.get(NAME).target
    (manifest,) = (
        value for value in pulled.content.info(target.digest).labels.values() if value in digests(pulled)
    )
    pulled.content.delete(manifest)
    assert [finding.kind for finding in verify(pulled)] == [Kind.CONTENT_UNKNOWN]


def digests(store: Store) -> set[str]:
    return {info.digest for info in store.content.walk()}


def test_an_image_whose_content_is_elsewhere_lacks_nothing(plain: Store, pulled: Store) -> None:
    target = pulled.images.get(NAME).target
    plain.images.put("elsewhere", target, labels={ON_DISK: "true"})
    assert verify(plain) == ()


def test_all_namespaces_are_checked_and_healed(plain: Store) -> None:
    other = Store(plain.root, Scope("other"))
    put(other)
    put(plain)
    file_of(plain).chmod(0o644)
    file_of(plain).write_bytes(b"x" * len(DATA))
    assert [finding.what for finding in verify(plain)] == [DIGEST]
    with pytest.raises(NotFound):
        other.content.info(DIGEST)
    put(other)
    assert verify(plain) == ()
    with plain.content.open(DIGEST) as file:
        assert file.read() == DATA


@pytest.mark.parametrize("content", [b"x" * len(DATA), DATA[:-1]], ids=["changed", "cut"])
def test_a_file_that_no_namespace_knows_is_taken_over_only_if_it_is_whole(
    plain: Store, content: bytes
) -> None:
    put(plain)
    with plain.database.writing() as connection:
        connection.execute("DELETE FROM blobs")
    file_of(plain).chmod(0o644)
    file_of(plain).write_bytes(content)
    with plain.content.writer("again", expected=DIGEST) as writer:
        writer.write(DATA)
        writer.commit()
    assert verify(plain) == ()


def test_a_damaged_blob_of_another_namespace_is_not_taken_over(plain: Store) -> None:
    put(plain)
    os.truncate(file_of(plain), 3)
    other = Store(plain.root, Scope("other"))
    with other.content.writer("again", expected=DIGEST) as writer:
        writer.write(DATA)
        writer.commit()
    assert other.content.info(DIGEST).size == len(DATA)
    assert verify(plain) == ()
    with pytest.raises(AlreadyExists):
        plain.content.writer("again", expected=DIGEST)


def test_a_blob_of_another_namespace_stays_where_it_is(plain: Store) -> None:
    put(plain)
    inode = file_of(plain).stat().st_ino
    put(Store(plain.root, Scope("other")))
    assert file_of(plain).stat().st_ino == inode


def test_a_blob_that_is_right_again_is_no_finding(plain: Store) -> None:
    put(plain)
    file_of(plain).chmod(0o644)
    file_of(plain).write_bytes(b"")
    assert len(verify(plain)) == 1
    file_of(plain).write_bytes(DATA)
    assert verify(plain) == ()
    with plain.content.open(DIGEST) as file:
        assert file.read() == DATA


def test_threads_that_have_ended_hold_no_files(plain: Store) -> None:
    put(plain)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        thread = threading.Thread(target=plain.images.list)
        thread.start()
        thread.join()
    assert len(os.listdir("/proc/self/fd")) < before + 10


def test_an_emptied_database_is_told_from_a_new_one(tmp_path: Path) -> None:
    root = tmp_path / "store"
    store = Store(str(root), snapshotter="native")
    assert list(store.snapshots.walk()) == []
    store.database.close()
    os.truncate(store.database_path, 0)
    for name in ("metadata.db-wal", "metadata.db-shm"):
        (root / name).unlink(missing_ok=True)
    with pytest.raises(DataLoss, match="is empty"):
        Store(str(root)).images.list()
