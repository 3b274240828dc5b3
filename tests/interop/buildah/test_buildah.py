"""buildah's RUN steps are executed by the runtime."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.peers import Client

pytestmark = pytest.mark.requires("root", "buildah", "runc", "busybox")


@pytest.fixture(scope="module")
def buildah(runtime: Path, folder: Path) -> Client:
    argv = (
        "buildah",
        "--root",
        f"{folder}/buildah-root",
        "--runroot",
        f"{folder}/buildah-runroot",
        "--storage-driver",
        "vfs",
    )
    environment = {"BUILDAH_RUNTIME": str(runtime), "BUILDAH_ISOLATION": "oci", "TMPDIR": str(folder)}
    return Client(argv, environment)


@pytest.fixture
def container(buildah: Client, rootfs_archive: Path) -> Iterator[str]:
    name = buildah("from", "scratch")
    buildah("add", name, str(rootfs_archive), "/")
    yield name
    buildah("rm", name)


def test_a_run_step_changes_the_container(buildah: Client, container: str) -> None:
    buildah("run", container, "--", "sh", "-c", "echo made > /made")
    assert buildah("run", container, "--", "cat", "/made") == "made"


def test_the_exit_status_of_a_step_is_told(buildah: Client, container: str) -> None:
    assert "exit status 7" in buildah("run", container, "--", "sh", "-c", "exit 7", status=7)


def test_a_dockerfile_is_built(buildah: Client, folder: Path, rootfs_archive: Path) -> None:
    context = folder / "context"
    context.mkdir(exist_ok=True)
    (context / "rootfs.tar").unlink(missing_ok=True)
    os.link(rootfs_archive, context / "rootfs.tar")
    (context / "Dockerfile").write_text(
        "FROM scratch\nADD rootfs.tar /\nENV A=b\nRUN echo $A > /result && cat /result\n"
    )
    out = buildah(
        "build", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--tag", "built", str(context)
    )
    assert "\nb\n" in out
    buildah("rmi", "--force", "built")
