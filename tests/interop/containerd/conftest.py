"""A containerd with an image, and its client `ctr`; the runtime is the binary of containerd-shim-runc-v2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.interop.image import docker_archive
from tests.interop.peers import containerd_client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.interop.client import Client

IMAGE = "docker.io/library/busybox:test"


@pytest.fixture(scope="module")
def ctr(folder: Path, rootfs_archive: Path) -> Iterator[Client]:
    with containerd_client(folder) as client:
        archive = docker_archive(rootfs_archive, folder / "image.tar", IMAGE)
        client("images", "import", "--snapshotter", "native", str(archive))
        yield client


@pytest.fixture
def run(runtime: Path, state: Path, cgroup: str) -> tuple[str, ...]:
    """The leading arguments of `ctr run` with the subject as the BinaryName of runc's shim."""
    return (
        "run", "--snapshotter", "native", "--runc-binary", str(runtime), "--runc-root", str(state),
        "--cgroup", f"{cgroup}/ctr",
    )  # fmt: skip


@pytest.fixture
def task(ctr: Client, run: tuple[str, ...]) -> Iterator[str]:
    """A running task, of a container of the same name."""
    name = "sleeper"
    ctr(*run, "--detach", IMAGE, name, "sleep", "1000")
    yield name
    ctr("task", "rm", "--force", name)
    ctr("container", "rm", name)
