"""Images of busybox in layouts, their bundles, and what umoci makes of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tiffin.image.bundles.bundle import Bundle
from tiffin.image.bundles.repacking import RepackOptions
from tiffin.image.bundles.repacking import repack as repack_bundle
from tiffin.image.bundles.unpacking import UnpackOptions, unpack_bundle
from tiffin.image.documents import Descriptor
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transfer.protocol import ImageSource
from tiffin.image.transports.opening import open_destination, open_source
from tiffin_testing.images import busybox_image


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """A layout with the image `base`."""
    return busybox_image(tmp_path / "layout", tag="base")


def copied(source: ImageSource, destination: str) -> Descriptor:
    with ExitStack() as stack:
        place, demands = open_destination(destination, stack)
        return copy_image(source, place, demands.applied(CopyOptions(), destination))


@pytest.fixture
def put() -> Callable[[ImageSource, str], Descriptor]:
    """Copies an image to a place."""
    return copied


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[..., Bundle]:
    """Unpacks an image to a bundle."""

    def make(image: str, folder: str = "bundle", options: UnpackOptions | None = None) -> Bundle:
        with ExitStack() as stack:
            return unpack_bundle(open_source(image, stack), str(tmp_path / folder), options)

    return make


@pytest.fixture
def repack() -> Callable[..., Descriptor]:
    """Makes an image of a bundle; its descriptor, whether there was a change or not."""

    def make(
        bundle: Bundle,
        source: str,
        destination: str,
        options: RepackOptions | None = None,
        *,
        refreshed: bool = False,
    ) -> Descriptor:
        with ExitStack() as stack:
            place, demands = open_destination(destination, stack)
            return repack_bundle(
                bundle, open_source(source, stack), place, demands, options, refreshed=refreshed
            )

    return make


def documents(layout: Path, tag: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Manifest and config of an image in a layout."""

    def blob(digest: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((layout / "blobs" / digest.replace(":", "/")).read_bytes())
        return found

    for entry in json.loads((layout / "index.json").read_bytes())["manifests"]:
        if entry["annotations"]["org.opencontainers.image.ref.name"] == tag:
            manifest = blob(entry["digest"])
            return manifest, blob(manifest["config"]["digest"])
    raise AssertionError(f"there is no image {tag}")


@pytest.fixture
def read() -> Callable[[Path, str], tuple[dict[str, Any], dict[str, Any]]]:
    """The function `documents`."""
    return documents


@pytest.fixture
def umoci() -> Callable[..., None]:
    """Runs umoci."""

    def run(*words: str | Path) -> None:
        subprocess.run(["umoci", *words], check=True, timeout=60)

    return run
