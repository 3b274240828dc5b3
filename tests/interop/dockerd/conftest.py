"""A dockerd to which the runtime is known as `subject`, an image, and a container that sleeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.interop.image import docker_archive
from tests.interop.peers import dockerd_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.interop.client import Client

IMAGE = "busybox:test"


@pytest.fixture(scope="module")
def docker(runtime: Path, folder: Path, rootfs_archive: Path, cgroup: str) -> Iterator[Client]:
    with dockerd_client(runtime, folder, cgroup) as client:
        client("load", "--input", str(docker_archive(rootfs_archive, folder / "image.tar", IMAGE)))
        yield client


@pytest.fixture
def sleeper(docker: Client) -> Iterator[str]:
    """A running container."""
    name = "sleeper"
    docker(
        "run", "--runtime", "subject", "--network", "none", "--detach", "--name", name, IMAGE, "sleep", "1000"
    )
    yield name
    docker("rm", "--force", name)
