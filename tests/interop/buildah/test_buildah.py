"""buildah's RUN steps are executed by the runtime: `buildah run`, and the steps of a Dockerfile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.interop.peers import buildah_client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.client import Client

pytestmark = pytest.mark.requires("root", "buildah", "runc", "busybox")

FLAGS = [
    (("--user", "5:6"), "id -u; id -g", "5\n6"),
    (
        ("--workingdir", "/tmp", "--env", "A=b", "--hostname", "named"),
        "pwd; echo $A; hostname",
        "/tmp\nb\nnamed",
    ),
    (("--cap-drop", "CAP_CHOWN"), "chown 5 /tmp 2>/dev/null || echo no", "no"),
    (("--cap-add", "CAP_SYS_ADMIN"), "grep CapBnd /proc/self/status | grep -c '[2367abef].....$'", "1"),
    (("--volume", "/etc:/h:ro"), "touch /h/x 2>/dev/null || echo no", "no"),
    (("--mount", "type=tmpfs,dst=/t,tmpfs-size=65536"), "grep -c ' /t .*size=64k' /proc/mounts", "1"),
    (("--network", "none"), "ls /sys/class/net", "lo"),
]
DOCKERFILE = """FROM scratch AS first
ADD rootfs.tar /
WORKDIR /work
ENV A=b
USER 5:6
RUN echo "$A $(id -u) $(pwd)"
USER 0
RUN --mount=type=tmpfs,target=/t touch /t/x && echo tmpfs
RUN --mount=type=cache,target=/c touch /c/x && echo cache
RUN --mount=type=bind,source=rootfs.tar,target=/m/file test -s /m/file && echo bind
RUN ["echo", "exec form"]
FROM first
RUN echo second stage > /result && cat /result
"""


@pytest.fixture(scope="module")
def buildah(runtime: Path, folder: Path) -> Client:
    return buildah_client(runtime, folder)


@pytest.fixture(scope="module", autouse=True)
def no_cgroups_left() -> Iterator[None]:
    """`buildah run` lets nobody choose the parent of its cgroups: they stand at the top."""
    before = set(Path("/sys/fs/cgroup").glob("*/buildah-*"))
    yield
    assert set(Path("/sys/fs/cgroup").glob("*/buildah-*")) <= before


@pytest.fixture(scope="module")
def container(buildah: Client, rootfs_archive: Path) -> Iterator[str]:
    name = buildah("from", "scratch")
    buildah("add", name, str(rootfs_archive), "/")
    yield name
    buildah("rm", name)


@pytest.fixture(scope="module")
def context(folder: Path, rootfs_archive: Path) -> Path:
    """The folder that a Dockerfile is built in."""
    path = folder / "context"
    path.mkdir()
    os.link(rootfs_archive, path / "rootfs.tar")
    return path


def test_a_run_step_changes_the_container(buildah: Client, container: str) -> None:
    buildah("run", container, "--", "sh", "-c", "echo made > /made")
    assert buildah("run", container, "--", "cat", "/made") == "made"


@pytest.mark.parametrize(("flags", "command", "expected"), FLAGS, ids=[" ".join(row[0]) for row in FLAGS])
def test_flags_take_effect(
    buildah: Client, container: str, flags: tuple[str, ...], command: str, expected: str
) -> None:
    assert buildah("run", *flags, container, "--", "sh", "-c", command) == expected


def test_the_exit_status_of_a_step_is_told(buildah: Client, container: str) -> None:
    assert "exit status 7" in buildah("run", container, "--", "sh", "-c", "exit 7", status=7)


def test_a_missing_program_is_told(buildah: Client, container: str) -> None:
    said = buildah("run", container, "--", "no-such-program", status=1)
    assert "executable file not found in $PATH" in said


def test_stdin_and_terminals_are_the_callers(buildah: Client, container: str) -> None:
    assert buildah("run", container, "--", "cat", stdin="given") == "given"
    assert "/dev/pts/0" in buildah.on_terminal("run", "--terminal", container, "--", "tty")


def test_the_network_of_the_host_is_the_hosts(buildah: Client, container: str) -> None:
    seen = buildah("run", "--network", "host", container, "--", "readlink", "/proc/self/ns/net")
    assert seen == str(Path("/proc/self/ns/net").readlink())


def test_a_dockerfile_is_built(buildah: Client, context: Path, cgroup: str) -> None:
    (context / "Dockerfile").write_text(DOCKERFILE)
    limits = ("--memory", "64m", "--cpu-shares", "300", "--cgroup-parent", f"{cgroup}/build")
    said = buildah("bud", *limits, "--tag", "built", str(context)).splitlines()
    for line in ("b 5 /work", "tmpfs", "cache", "bind", "exec form", "second stage"):
        assert line in said
    buildah("rmi", "--force", "built")


def test_a_step_that_fails_ends_the_build_with_its_status(buildah: Client, context: Path) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nADD rootfs.tar /\nRUN exit 3\nRUN echo never\n")
    assert "never" not in buildah("bud", str(context), status=3).splitlines()
