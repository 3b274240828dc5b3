"""A dockerd to which the runtime is known as `subject`, an image, and a container that sleeps.

It runs on the containerd that it starts itself, and on ours: there with the shim of Debian's containerd that it asks
for, and with our own in that one's place, which the config of `tiffind` says and dockerd does not know.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.interop.image import docker_archive
from tests.interop.peers import dockerd_client, tiffind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.interop.client import Client

IMAGE = "busybox:test"
# a handler called like what dockerd asks for
OURS = """
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes."io.containerd.runc.v2"]
  runtime_type = "io.containerd.tiffin.v2"
"""


@pytest.fixture(scope="module", params=["containerd", "tiffind-with-its-shim", "tiffind"])
def manager(request: pytest.FixtureRequest) -> str:
    """What dockerd runs on."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def docker(runtime: Path, manager: str, folder: Path, rootfs_archive: Path, cgroup: str) -> Iterator[Client]:
    if manager == "tiffind-with-its-shim" and runtime.name != "runc":
        pytest.skip(
            "their shim with our runtime is tried under containerd, and our manager with their shim here"
        )
    with ExitStack() as stack:
        place = folder / manager
        place.mkdir()
        ours = None
        if manager != "containerd":
            ours = stack.enter_context(tiffind(place / "tiffind", OURS if manager == "tiffind" else ""))
        client = stack.enter_context(dockerd_client(runtime, place, cgroup, manager=ours))
        client("load", "--input", str(docker_archive(rootfs_archive, place / "image.tar", IMAGE)))
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
