"""podman with the runtime under test, an image, and a container that sleeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.interop.peers import podman_client

from tiffin_testing.cgroups import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.client import Client

IMAGE = "localhost/busybox"
HIERARCHIES = Path("/sys/fs/cgroup")
OF_PODS = "*/libpod_parent"


@pytest.fixture(scope="module")
def kept_by_caller() -> Iterator[str]:
    """podman keeps the cgroup of its conmons; and of a pod's, those of the hierarchies without a controller.

    The conmons of a pod are in a cgroup at the top, wherever the pod is: it is removed if it was not there before.
    """
    before = set(HIERARCHIES.glob(OF_PODS))
    yield "/conmon$|/(systemd|unified)/[^/]+/[0-9a-f]{64}$"
    for path in set(HIERARCHIES.glob(OF_PODS)) - before:
        remove_tree(path)


@pytest.fixture(scope="module")
def podman(runtime: Path, folder: Path, rootfs_archive: Path) -> Iterator[Client]:
    client = podman_client(runtime, folder)
    client("import", str(rootfs_archive), IMAGE)
    yield client
    client("pod", "rm", "--all", "--force", "--time", "0")
    client("rm", "--all", "--force", "--time", "0")
    client("volume", "rm", "--all", "--force")
    client("rmi", "--all", "--force")


@pytest.fixture
def sleeper(podman: Client, cgroup: str) -> Iterator[str]:
    """A running container."""
    name = "sleeper"
    podman("run", "--detach", "--name", name, "--cgroup-parent", cgroup, IMAGE, "sleep", "1000")
    yield name
    podman("rm", "--force", "--time", "0", name)
