"""A place in memory for disks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.image.tests.verification.conftest import only_our_mounts  # noqa: F401  # for all tests here


@pytest.fixture
def place() -> Iterator[Path]:
    """A new folder on tmpfs; it is removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tiffin-power-", dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)
