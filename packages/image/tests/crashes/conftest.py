"""Sources, a place in memory, and the server of victims."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.image.tests.crashes.images import LAYERS, OTHER_LAYERS, write_image
from packages.image.tests.crashes.victims import Victims
from packages.image.tests.verification.conftest import only_our_mounts  # noqa: F401  # for all tests here


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A new folder on tmpfs, which has nothing to do when files are synced; it is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tiffin-crashes-", dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def sources(place: Path) -> tuple[str, str]:
    """Two images that have their lower layers in common."""
    return write_image(place / "app", LAYERS), write_image(place / "other", OTHER_LAYERS)


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    with Victims() as server:
        yield server
