"""Managers to test, one of each kind for all tests of a module; containers in a namespace of each test's own."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.manager.tests.tasks.containers import Containers
from packages.manager.tests.tasks.peers import KINDS, Peer, running
from packages.ttrpc.tests.conftest import pytest_pyfunc_call  # noqa: F401  # runs coroutines

from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin_testing.cgroups import CgroupParent


@pytest.fixture(scope="module", params=list(KINDS))
def peer(request: pytest.FixtureRequest) -> Iterator[Peer]:
    """A manager that runs."""
    folder = Path(tempfile.mkdtemp(prefix="tiffin-tasks-", dir="/var/tmp"))
    try:
        with running(KINDS[request.param], folder) as started:
            yield started
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all containers: they cannot write to it."""
    return make_rootfs(tmp_path_factory.mktemp("rootfs") / "rootfs")


@pytest.fixture
def containers(peer: Peer, rootfs: Path, cgroup_parent: CgroupParent) -> Iterator[Containers]:
    """A client of the manager; what a test makes by it is removed, and nothing may be left."""
    made = Containers(peer, rootfs, cgroup_parent)
    yield made
    made.end()
    assert made.left() == []
    assert not [
        line for line in Path("/proc/self/mountinfo").read_text().splitlines() if made.namespace in line
    ]
