"""A containerd, a registry, and images for the peers; nothing of the machine's own storage is touched."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.peers.callers import Callers
from packages.image.tests.peers.containerd import Containerd, running_containerd
from packages.image.tests.peers.runnable import CONFIG, layers
from packages.image.tests.peers.unpackers import by_umoci

from tiffin.image.writing import write_layout
from tiffin_testing.registry import Registry, running_registry

if TYPE_CHECKING:
    from packages.image.tests.peers.tree import Facts


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


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layout with an image of three layers that can be run, under the tag 1."""
    layout = tmp_path_factory.mktemp("original") / "layout"
    write_layout(str(layout), layers(), CONFIG, "1")
    return layout


@pytest.fixture(scope="session")
def tree(original: Path, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """What umoci unpacks of it."""
    return by_umoci(original, tmp_path_factory.mktemp("tree"))


@pytest.fixture
def callers() -> Iterator[Callers]:
    """podman takes no folder with a long path; buildah makes names of paths, so none may end in `_` as mkdtemp's do."""
    folder = Path(tempfile.gettempdir(), f"tiffin-callers-{secrets.token_hex(6)}")
    folder.mkdir(mode=0o700)
    yield Callers.make(folder)
    shutil.rmtree(folder)
