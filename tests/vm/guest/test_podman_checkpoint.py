"""podman's checkpoints and restores: with the real runc first, which tests the test, then with ours in its place."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.interop.leftovers import leftovers, states
from tests.interop.peers import podman_client
from tests.vm.guest.subjects import needs_criu

from tiffin_testing.leaks import Snapshot
from tiffin_testing.oci_runtime import runtime_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.client import Client

    from tiffin_testing.cgroups import CgroupParent

pytestmark = [needs_criu, pytest.mark.requires("podman")]

IMAGE = "localhost/busybox"
USUAL_STATE = (Path("/run/runc"), Path("/run/tiffin"))
# podman keeps the cgroup of its conmons; runc 1.1 that of the container whose exported checkpoint became another one.
KEPT = {"runc": r"/(conmon|libpod-[0-9a-f]{64})$", "tiffin-runtime": "/conmon$"}
# It has its count nowhere but in memory.
FIFOS = ("ask", "answer")
COUNTER = "n=0; while read -r line </ask; do n=$((n + 1)); echo $n $line >/answer; done"
ASK = "echo {} >/ask; cat /answer"


@pytest.fixture(scope="module", params=list(KEPT))
def podman(request: pytest.FixtureRequest, rootfs: Path, cgroup_parent: CgroupParent) -> Iterator[Client]:
    """With an image; fails if something is left behind when all is removed."""
    before = Snapshot.take(cgroup_parent)
    folder = Path(tempfile.mkdtemp(prefix="podman-"))
    client = podman_client(Path(runtime_command(request.param)[-1]), folder)
    client("import", str(archive_of(rootfs, folder)), IMAGE)
    yield client
    client("rm", "--all", "--force", "--time", "0")
    client("rmi", "--all", "--force")
    shutil.rmtree(folder)
    left = leftovers(before, cgroup_parent, KEPT[request.param])
    assert not [*left, *sorted(states(USUAL_STATE, folder))]


def archive_of(rootfs: Path, folder: Path) -> Path:
    """A tar of the root file system, with the FIFOs of the counter."""
    for name in FIFOS:
        os.mkfifo(folder / name)
    archive = folder / "rootfs.tar"
    subprocess.run(["tar", "-cf", archive, "-C", rootfs, ".", "-C", folder, *FIFOS], check=True)
    return archive


@pytest.fixture
def counter(podman: Client, cgroup_parent: CgroupParent) -> Iterator[str]:
    """A container that has counted to 2."""
    name = "counter"
    parent = ("--cgroup-parent", f"/{cgroup_parent.name}")
    podman("run", "--detach", "--name", name, *parent, IMAGE, "sh", "-c", COUNTER)
    assert (ask(podman, name, "a"), ask(podman, name, "b")) == ("1 a", "2 b")
    yield name
    podman("rm", "--force", "--ignore", "--time", "0", name)


def ask(podman: Client, name: str, word: str) -> str:
    return podman("exec", name, "sh", "-c", ASK.format(word))


def status_of(podman: Client, name: str) -> str:
    return podman("inspect", name, "--format", "{{.State.Status}}")


def test_a_restored_container_goes_on_with_its_count(podman: Client, counter: str) -> None:
    podman("container", "checkpoint", counter)
    assert status_of(podman, counter) == "exited"
    podman("container", "restore", counter)
    assert status_of(podman, counter) == "running"
    assert ask(podman, counter, "c") == "3 c"


def test_one_that_may_run_on_counts_further(podman: Client, counter: str) -> None:
    podman("container", "checkpoint", "--leave-running", counter)
    assert status_of(podman, counter) == "running"
    assert ask(podman, counter, "c") == "3 c"


def test_an_exported_checkpoint_becomes_another_container(
    podman: Client, counter: str, tmp_path: Path
) -> None:
    archive = str(tmp_path / "checkpoint.tar.gz")
    podman("container", "checkpoint", "--export", archive, counter)
    podman("rm", counter)
    podman("container", "restore", "--import", archive, "--name", "other")
    try:
        assert ask(podman, "other", "c") == "3 c"
    finally:
        podman("rm", "--force", "--time", "0", "other")


def test_a_checkpoint_that_is_none_cannot_be_restored(podman: Client, tmp_path: Path) -> None:
    archive = tmp_path / "none.tar"
    archive.write_bytes(bytes(10240))
    assert "none.tar" in podman("container", "restore", "--import", str(archive), status=125)
    assert podman("ps", "--all", "--quiet") == ""
