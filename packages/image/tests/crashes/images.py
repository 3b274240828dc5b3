"""A small image with everything that makes layers hard, its store, and what a fresh unpack of it looks like."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tiffin.image.platforms import host_platform
from tiffin.image.pull.pull import PulledImage, pull
from tiffin.image.store.store import Store
from tiffin.image.transfer.events import nobody
from tiffin.image.transports.opening import open_source
from tiffin.image.writing import CONFIG, LAYER, MANIFEST, REF_NAME, write_blob, write_index
from tiffin.spec.json_tree import encode
from tiffin.spec.media_type import INDEX
from tiffin_testing.images import (
    digest,
    directory,
    file,
    gzipped,
    hardlink,
    opaque,
    symlink,
    tar,
    whiteout,
)
from tiffin_testing.rootfs import BUSYBOX, PASSWD

if TYPE_CHECKING:
    from tiffin.image.store.unpacked import UnpackedImage
    from tiffin.image.transfer.events import Report

NAME = "example.test/app:1"
OTHER = "example.test/other:1"
SHARED = (
    tar(directory("bin/"), file("bin/busybox", BUSYBOX.read_bytes(), mode=0o755), symlink("bin/sh", "busybox"),
        directory("etc/"), file("etc/passwd", PASSWD.encode())),
    tar(
        directory("a/", mode=0o750), file("a/one", b"1" * 70_000, mode=0o4755), hardlink("a/two", "a/one"),
        directory("emptied/"), file("emptied/x", b"x"), file("gone", b"g"), symlink("link", "a/one"),
        file("big", bytes(range(256)) * 4000), file("marked", b"m", pax={"SCHILY.xattr.user.mark": "yes"}),
    ),
)  # fmt: skip
LAYERS = (
    *SHARED,
    tar(whiteout("gone"), directory("emptied/"), opaque("emptied"), file("emptied/new", b"n"), file("a/three", b"3"),
        hardlink("a/four", "a/three"), hardlink("a/five", "big")),
    tar(whiteout("a/two"), file("link", b"now a file"), directory("deep/" + "d/" * 40), file("b/c/d/e", b"e", uid=7)),
)  # fmt: skip
OTHER_LAYERS = (*SHARED, tar(file("other", b"o" * 100_000), directory("a/"), whiteout("a/one")))


def write_image(folder: Path, layers: Sequence[bytes] = LAYERS) -> str:
    """An OCI layout: an index, with this machine's image (every other layer compressed) and one that is not there.

    Returns its name as a source.
    """
    kinds = (LAYER, f"{LAYER}+gzip")
    stored = [gzipped(layer) if number % 2 else layer for number, layer in enumerate(layers)]
    blobs = [write_blob(str(folder), data, kinds[number % 2]) for number, data in enumerate(stored)]
    platform = host_platform()
    names = {"os": platform.os, "architecture": platform.architecture}
    rootfs = {"type": "layers", "diff_ids": [digest(layer) for layer in layers]}
    config = write_blob(str(folder), encode({**names, "config": {}, "rootfs": rootfs}).encode(), CONFIG)
    tree = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": blobs}
    manifest = {**write_blob(str(folder), encode(tree).encode(), MANIFEST), "platform": names}
    absent = {**manifest, "digest": digest(b""), "platform": {"os": "plan9", "architecture": "mips"}}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [absent, manifest]}
    entry = write_blob(str(folder), encode(index).encode(), INDEX)
    write_index(str(folder), [{**entry, "annotations": {REF_NAME: "1"}}])
    return f"oci:{folder}:1"


def pull_image(source: str, store: Store, name: str = NAME, *, report: Report = nobody) -> PulledImage:
    with ExitStack() as stack:
        return pull(open_source(source, stack), store, name, report=report)


@contextmanager
def mounted(store: Store, unpacked: UnpackedImage | None, folder: Path) -> Iterator[Path]:
    """The root file system of an image, read-only: an overlay of its snapshots, or the one that is a whole tree."""
    assert unpacked is not None
    trees = unpacked.trees
    if not store.snapshots.stacks:
        yield Path(trees[0])
        return
    folder.mkdir()
    lower = ":".join(trees if len(trees) > 1 else (*trees, *trees))
    subprocess.run(
        ["mount", "-t", "overlay", "-o", f"ro,lowerdir={lower}", "overlay", str(folder)],
        check=True,
        timeout=30,
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=30)
        folder.rmdir()


def says(root: Path) -> str:
    """Runs a program of the image."""
    command = ["chroot", str(root), "/bin/busybox", "cat", "/a/three"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return str(done.stdout)


def left(store: Store) -> list[str]:
    """What a store has beside blobs, snapshots and what it is made of: nothing, when nobody is at work."""
    found = [f"ingest {status.reference}" for status in store.content.statuses()]
    content = Path(store.content.root)
    found += [str(path) for path in content.glob("ingest/*")]
    blobs = {info.digest for info in store.content.walk()}
    found += [
        str(path) for path in content.glob("blobs/*/*") if f"{path.parent.name}:{path.name}" not in blobs
    ]
    rows = sum(1 for _ in store.snapshots.walk())
    folders = sorted(Path(store.snapshots.root, "snapshots").iterdir())
    found += [str(path) for path in folders if not path.name.isdecimal()]
    if rows != len(folders):
        found.append(f"{rows} snapshots have {len(folders)} folders")
    names = {
        "metadata.db", "metadata.db-shm", "metadata.db-wal", "metadata.db.lock", "content", "snapshotters",
        "snapshotter", "locks", "containers",
    }  # fmt: skip
    found += [str(path) for path in Path(store.root).iterdir() if path.name not in names]
    return found + [str(path) for path in Path(store.root).glob("locks/*")]
