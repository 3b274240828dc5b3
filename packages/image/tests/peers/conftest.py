"""A containerd, a registry, and images for the peers; nothing of the machine's own storage is touched."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from packages.image.tests.peers.containerd import Containerd, running_containerd

from tiffin_testing.registry import Registry, running_registry


@pytest.fixture(scope="session")
def ctr() -> Iterator[Containerd]:
    """Its folder is short, since sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="tiffin-peers-"))
    with running_containerd(folder) as running:
        yield running
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Debian's docker-registry, plain HTTP."""
    folder = tmp_path_factory.mktemp("registry")
    with running_registry(folder) as running:
        yield running
    shutil.rmtree(folder, ignore_errors=True)
