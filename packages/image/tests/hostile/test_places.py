"""Hostile images where they are kept: no snapshot of them stays in a store; folders of `dir:` are not trusted."""

from __future__ import annotations

import io
import json
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.hostile.conftest import END, LIMITS, block, octal

from tiffin.image.documents import ImageConfig, Platform
from tiffin.image.errors import DigestMismatch, ImageFailure, InvalidImage, NotFound
from tiffin.image.image import Image, Layer
from tiffin.image.store.store import Store
from tiffin.image.store.unpacking import unpack_image
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transports.opening import open_destination, open_source
from tiffin.spec.media_type import CONFIG, LAYER, MANIFEST
from tiffin_testing.images import digest, directory, file, hardlink, opaque, symlink, tar, whiteout

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GOOD = tar(directory("d"), file("d/f", b"x"), symlink("l", "/"))
UPPER = {
    "no archive": b"hello" * 500,
    "a cut one": tar(file("g", b"x" * 5000))[:2000],
    "a hard link out": tar(file("g"), hardlink("h", "../../etc/passwd")),
    "a hard link to nothing": tar(hardlink("h", "none")),
    "a hard link to what it hides": tar(whiteout("d/f"), hardlink("h", "d/f")),
    "a hard link to what it empties": tar(opaque("d"), hardlink("h", "d/f")),
    "a file below a file of the layer below": tar(file("d/f/g")),
    "a whiteout of the root": tar(whiteout(".")),
    "a file as the root": tar(file(".", b"x")),
    "a size beyond the end": block(size=octal(LIMITS.size or 0)) + b"x" * 4096 + END,
    "a bomb by its entries": b"".join(block(b"%d" % number) for number in range(60)) + END,
    "a name of 5000 bytes": tar(file("n/" * 2500 + "f")),
}  # fmt: skip


def image_of(*layers: bytes, lie: bool = False) -> Image:
    diff_ids = tuple(digest(layer + b"x" * lie) for layer in layers)
    parts = tuple(
        Layer(diff_id, None, None, lambda layer=layer: io.BytesIO(layer))  # type: ignore[misc]  # the default binds it
        for diff_id, layer in zip(diff_ids, layers, strict=True)
    )
    return Image("hostile", ImageConfig(digest(b"{}"), 2, {}, Platform("linux", "amd64"), diff_ids), parts)


def trees(folder: Path) -> list[str]:
    """All that is in the folders of snapshots."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("fs/*"))


@pytest.mark.requires("root")
@pytest.mark.parametrize(
    "snapshotter", ["native", pytest.param("overlayfs", marks=pytest.mark.requires("overlayfs"))]
)
@pytest.mark.parametrize("case", UPPER)
def test_a_store_keeps_no_snapshot_of_it(case: str, snapshotter: str, tmp_path: Path) -> None:
    root = tmp_path / "store"
    with Store(str(root), snapshotter=snapshotter).leased() as store:
        with pytest.raises(InvalidImage):
            unpack_image(store, image_of(GOOD, UPPER[case]), limits=LIMITS.replace(entries=50))
        kept = [info.key for info in store.snapshots.walk()]
        assert kept in ([], [digest(GOOD)])
        assert len(os.listdir(root / "snapshotters" / snapshotter / "snapshots")) == len(kept)
        unpack_image(store, image_of(GOOD))
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


@pytest.mark.requires("root")
@pytest.mark.parametrize(
    "snapshotter", ["native", pytest.param("overlayfs", marks=pytest.mark.requires("overlayfs"))]
)
def test_a_store_keeps_no_snapshot_of_a_layer_that_lies(snapshotter: str, tmp_path: Path) -> None:
    with Store(str(tmp_path / "store"), snapshotter=snapshotter).leased() as store:
        with pytest.raises(DigestMismatch):
            unpack_image(store, image_of(GOOD, lie=True))
        assert list(store.snapshots.walk()) == []
    assert trees(tmp_path) == []


def _text(folder: Path, name: str, data: bytes | str) -> None:
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def _dir(folder: Path) -> dict[str, str]:
    """A good image; the names of its parts."""
    folder.mkdir()
    config = json.dumps(
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [digest(GOOD)]}}
    ).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": digest(GOOD), "size": len(GOOD)}],
    }
    _text(folder, "version", "Directory Transport Version: 1.1\n")
    _text(folder, "manifest.json", json.dumps(manifest))
    _text(folder, digest(config)[7:], config)
    _text(folder, digest(GOOD)[7:], GOOD)
    return {"config": digest(config)[7:], "layer": digest(GOOD)[7:], "manifest": "manifest.json"}


def _replaced(part: str, make: Callable[[Path], object]) -> Callable[[Path, dict[str, str]], None]:
    def change(folder: Path, names: dict[str, str]) -> None:
        (folder / names[part]).unlink()
        make(folder / names[part])

    return change


FOLDERS: dict[str, tuple[Callable[[Path, dict[str, str]], None], type[ImageFailure]]] = {
    "no manifest": (lambda folder, _: (folder / "manifest.json").unlink(), NotFound),
    "a manifest that is no JSON": (lambda folder, _: _text(folder, "manifest.json", "x"), InvalidImage),
    "a manifest of nothing": (lambda folder, _: _text(folder, "manifest.json", "{}"), InvalidImage),
    "a manifest of 10 MB": (lambda folder, _: _text(folder, "manifest.json", b" " * 10**7), InvalidImage),
    "a manifest of schema 1": (
        lambda folder, _: _text(folder, "manifest.json", '{"schemaVersion": 1, "fsLayers": []}'), InvalidImage
    ),
    "a manifest that is a folder": (_replaced("manifest", lambda path: path.mkdir()), InvalidImage),
    "a manifest that is a pipe": (_replaced("manifest", os.mkfifo), InvalidImage),
    "a manifest that is a device": (
        _replaced("manifest", lambda path: path.symlink_to("/dev/zero")), InvalidImage
    ),
    "no config": (lambda folder, names: (folder / names["config"]).unlink(), NotFound),
    "another config": (lambda folder, names: _text(folder, names["config"], b"{}"), DigestMismatch),
    "a config that is a link out": (
        _replaced("config", lambda path: path.symlink_to("/etc/passwd")), DigestMismatch
    ),
    "no layer": (lambda folder, names: (folder / names["layer"]).unlink(), NotFound),
    "another layer": (lambda folder, names: _text(folder, names["layer"], GOOD[:-1] + b"x"), DigestMismatch),
    "a layer that is a link out": (
        _replaced("layer", lambda path: path.symlink_to("/etc/passwd")), DigestMismatch
    ),
    "a layer that is a pipe": (_replaced("layer", os.mkfifo), InvalidImage),
    "a layer that does not end": (
        _replaced("layer", lambda path: path.symlink_to("/dev/zero")), InvalidImage
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FOLDERS)
def test_folders_of_dir_are_not_trusted(case: str, tmp_path: Path) -> None:
    names = _dir(tmp_path / "from")
    change, kind = FOLDERS[case]
    change(tmp_path / "from", names)
    with ExitStack() as stack:
        place, _ = open_destination(f"oci:{tmp_path / 'copy'}:1", stack)
        with pytest.raises(kind):
            copy_image(open_source(f"dir:{tmp_path / 'from'}", stack), place)
    assert not (tmp_path / "copy/index.json").exists()
