"""What is damaged in a store is found by `verify`, and healed by the next pull."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from packages.image.tests.crashes.images import NAME, left, mounted, pull_image, says
from packages.image.tests.verification.conftest import comparable

from tiffin.image.errors import NotFound
from tiffin.image.store.names import find_named
from tiffin.image.store.store import Store
from tiffin.image.transfer.events import Progress
from tiffin.image.verification.finding import Kind
from tiffin.image.verification.verify import verify

pytestmark = pytest.mark.requires("root", "overlayfs")

Facts = Callable[[Path], dict[str, tuple[object, ...]]]


def flip(path: Path) -> None:
    """Another byte in the middle, and no other time than before."""
    status, data = path.stat(), bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


BLOB_DAMAGE = {
    "a byte is flipped": (flip, Kind.BLOB_CHANGED),
    "cut short": (cut, Kind.BLOB_RESIZED),
    "removed": (os.unlink, Kind.BLOB_MISSING),
}
TREE_DAMAGE: dict[str, tuple[Callable[[Path], object], Kind]] = {
    "the folder is removed": (shutil.rmtree, Kind.SNAPSHOT_MISSING),
    "a file is removed": (lambda tree: os.unlink(first_file(tree)), Kind.SNAPSHOT_CHANGED),
    "a file is changed": (lambda tree: first_file(tree).write_bytes(b"!"), Kind.SNAPSHOT_CHANGED),
    "a mode is changed": (lambda tree: os.chmod(first_file(tree), 0o600), Kind.SNAPSHOT_CHANGED),
    "a file is added": (lambda tree: (tree / "added").write_bytes(b""), Kind.SNAPSHOT_CHANGED),
}


def first_file(tree: Path) -> Path:
    return next(path for path in sorted(tree.rglob("*")) if path.is_file() and not path.is_symlink())


def blob(store: Store, digest: str) -> Path:
    return Path(store.content.root, "blobs", *digest.split(":"))


def digests(store: Store) -> list[str]:
    return [info.digest for info in store.content.walk()]


def chain(store: Store) -> list[str]:
    """The keys of the committed snapshots, the topmost first."""
    top = store.images.get(NAME).labels[f"containerd.io/gc.ref.snapshot.{store.snapshots.name}"]
    return [tree.key for tree in store.snapshots.chain(top)]


def test_a_whole_store_has_no_finding(pulled: Store) -> None:
    seen: list[Progress] = []
    assert verify(pulled, report=seen.append) == ()
    assert [event.kind for event in seen] == ["blob"] * len(digests(pulled)) + ["snapshot"] * len(
        chain(pulled)
    )


@pytest.mark.parametrize("case", BLOB_DAMAGE)
def test_damaged_blobs_are_found_and_healed(pulled: Store, source: str, case: str) -> None:
    harm, kind = BLOB_DAMAGE[case]
    found = digests(pulled)
    assert len(found) == 7  # four layers, config, manifest, index
    for digest in found:
        blob(pulled, digest).chmod(0o644)
        harm(blob(pulled, digest))
    findings = verify(pulled)
    assert [(finding.kind, finding.what, finding.name) for finding in findings] == [
        (kind, digest, NAME) for digest in found
    ]
    assert verify(pulled) == findings
    for digest in found:
        with pytest.raises(NotFound):
            pulled.content.open(digest)
    assert find_named(pulled, NAME) is None
    pull_image(source, pulled)
    assert verify(pulled) == ()
    assert find_named(pulled, NAME) is not None
    assert digests(pulled) == found
    assert left(pulled) == []


def test_a_pull_that_needs_a_damaged_layer_heals_it_without_a_verification(
    pulled: Store, source: str
) -> None:
    for digest in digests(pulled):
        flip(blob(pulled, digest))
    for key in chain(pulled):
        shutil.rmtree(folder_of(pulled, key))
    pull_image(source, pulled)
    assert verify(pulled) == ()


def folder_of(store: Store, key: str) -> Path:
    """All that a snapshot has on disk."""
    tree = Path(store.snapshots.chain(key)[0].folder)
    return tree.parent if store.snapshots.stacks else tree


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize("case", TREE_DAMAGE)
def test_a_damaged_snapshot_is_found_and_healed(
    pulled: Store, source: str, case: str, position: int, memory_path: Path, facts: Facts,
    expected: dict[str, tuple[object, ...]],
) -> None:  # fmt: skip
    harm, kind = TREE_DAMAGE[case]
    key = chain(pulled)[position]
    parents = [(info.key, info.parent) for info in pulled.snapshots.walk()]
    if kind is Kind.SNAPSHOT_MISSING:
        harm(folder_of(pulled, key))
    else:
        harm(Path(pulled.snapshots.chain(key)[0].folder))
    findings = verify(pulled)
    assert [(finding.kind, finding.what, finding.name) for finding in findings] == [(kind, key, NAME)]
    image = pull_image(source, pulled)
    assert verify(pulled) == ()
    assert [(info.key, info.parent) for info in pulled.snapshots.walk()] == parents
    with mounted(pulled, image.unpacked, memory_path / "mounted") as root:
        assert comparable(facts(root)) == expected
        assert says(root) == "3"
    pulled.collect()
    assert left(pulled) == []


def test_all_snapshots_at_once_are_healed_without_a_verification(
    pulled: Store, source: str, memory_path: Path, facts: Facts, expected: dict[str, tuple[object, ...]]
) -> None:
    for key in chain(pulled):
        shutil.rmtree(folder_of(pulled, key))
    assert find_named(pulled, NAME) is None
    image = pull_image(source, pulled)
    assert verify(pulled) == ()
    with mounted(pulled, image.unpacked, memory_path / "mounted") as root:
        assert comparable(facts(root)) == expected


def test_what_was_noted_counts_as_missing_even_if_it_looks_right_again(pulled: Store, source: str) -> None:
    key = chain(pulled)[0]
    added = Path(pulled.snapshots.chain(key)[0].folder, "a", "x")
    status = added.parent.stat()
    added.write_bytes(b"")
    assert [finding.what for finding in verify(pulled)] == [key]
    added.unlink()
    os.utime(added.parent, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert [finding.what for finding in verify(pulled)] == [key]
    assert find_named(pulled, NAME) is None
    pull_image(source, pulled)
    assert verify(pulled) == ()


def test_nothing_is_noted_without_leave(pulled: Store) -> None:
    os.unlink(blob(pulled, digests(pulled)[0]))
    shutil.rmtree(folder_of(pulled, chain(pulled)[0]))
    before = all_labels(pulled)
    assert len(verify(pulled, note=False)) == 2
    assert all_labels(pulled) == before


def all_labels(store: Store) -> list[Mapping[str, str]]:
    blobs, snapshots = store.content.walk(), store.snapshots.walk()
    return [*(info.labels for info in blobs), *(info.labels for info in snapshots)]


def test_a_container_on_a_damaged_tree_keeps_it_until_its_mount_goes(
    store: Store, source: str, memory_path: Path
) -> None:
    image = pull_image(source, store)
    assert image.unpacked is not None
    folder = Path(image.unpacked.trees[-1 if store.snapshots.stacks else 0])
    target = memory_path / "target"
    target.mkdir()
    options = ["-o", f"ro,lowerdir={':'.join(image.unpacked.trees)}", "-t", "overlay", "overlay"]
    subprocess.run(
        ["mount", *(options if store.snapshots.stacks else ["--bind", folder]), target],
        check=True,
        timeout=30,
    )
    try:
        (folder / "etc" / "passwd").unlink()
        assert len(verify(store)) == 1
        pull_image(source, store)
        store.collect()
        assert says(target) == "3"
        assert not (target / "etc" / "passwd").exists()
        assert (folder / "etc" / "passwd").exists()
    finally:
        subprocess.run(["umount", target], check=True, timeout=30)
    assert len(left(store)) == 2  # the old folder, which has no row
    store.collect()
    assert left(store) == []
