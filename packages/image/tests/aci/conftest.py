"""App container images made entry by entry, and the layout that they are imported to."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tiffin.image.aci import import_aci
from tiffin.image.documents import Descriptor, Platform
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports.opening import open_destination
from tiffin_testing.images import directory, file, tar

if TYPE_CHECKING:
    from tiffin_testing.images import Entry

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
AMD64 = Platform("linux", "amd64")


def manifest(name: str = "example.com/app", **more: Any) -> bytes:
    """A manifest, with further members."""
    return json.dumps({"acKind": "ImageManifest", "acVersion": "0.8.11", "name": name, **more}).encode()


def rootfs(*entries: Entry) -> list[Entry]:
    """The entries, below rootfs/."""
    for info, _ in entries:
        info.name = f"rootfs/{info.name}"
        if info.type == tarfile.LNKTYPE:
            info.linkname = f"rootfs/{info.linkname}"
    return [directory("rootfs"), *entries]


def aci(path: Path, *entries: Entry, compression: str = "plain", **members: Any) -> Path:
    """Writes an image; `members` are those of its manifest."""
    data = tar(file("manifest", manifest(**members)), *rootfs(*entries))
    path.write_bytes(COMPRESSIONS[compression](data))
    return path


def image_id(path: Path) -> str:
    """The ID of an uncompressed image."""
    return f"sha512-{hashlib.sha512(path.read_bytes()).hexdigest()}"


def label(**labels: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in labels.items()]


class Layout:
    """What was imported to a layout. left_out: what was said to be left out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.left_out: list[str] = []

    def take(
        self, path: Path, *dependencies: Path, options: CopyOptions | None = None, **more: Any
    ) -> Descriptor:
        """Imports an image under the tag 1."""
        name = f"oci:{self.folder}:1"
        with ExitStack() as stack:
            place, demands = open_destination(name, stack)
            return import_aci(
                str(path),
                place,
                dependencies=[str(one) for one in dependencies],
                platform=AMD64,
                options=demands.applied(options or CopyOptions(), name),
                left_out=self.left_out.append,
                **more,
            )

    def blob(self, digest: str) -> bytes:
        return (self.folder / "blobs" / digest.replace(":", "/")).read_bytes()

    def manifest(self) -> dict[str, Any]:
        """The image's."""
        (entry,) = json.loads((self.folder / "index.json").read_text())["manifests"]
        found: dict[str, Any] = json.loads(self.blob(entry["digest"]))
        return found

    def config(self) -> dict[str, Any]:
        """The whole image config."""
        found: dict[str, Any] = json.loads(self.blob(self.manifest()["config"]["digest"]))
        return found

    def layers(self) -> list[bytes]:
        """The layers, uncompressed."""
        return [gzip.decompress(self.blob(layer["digest"])) for layer in self.manifest()["layers"]]

    def is_empty(self) -> bool:
        return not any(path.is_file() for path in self.folder.rglob("*"))


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """An empty layout."""
    return Layout(tmp_path / "layout")
