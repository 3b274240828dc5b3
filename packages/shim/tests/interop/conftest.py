"""A containerd, and `ctr run` on a shim: the real one first, which tests the test, then ours on each OCI runtime."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from packages.shim.tests.interop.api import Api
from packages.shim.tests.interop.daemon import Daemon
from tests.interop.image import docker_archive
from tests.interop.leftovers import leftovers, wait_for_orphans

from tiffin.api.containerd.types.runc.options.oci_pb2 import Options
from tiffin.shim.command.socket_path import socket_path
from tiffin_testing.leaks import Snapshot
from tiffin_testing.oci_runtime import runtime_command
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.client import Client

    from tiffin_testing.cgroups import CgroupParent

IMAGE = "docker.io/library/busybox:test"
MOST_LINES = 20


class Subject(NamedTuple):
    """A shim, and the OCI runtime below it: "" is the shim's own choice."""

    shim: str
    binary: str = ""

    @property
    def name(self) -> str:
        return f"{self.shim}-{self.binary}" if self.binary else self.shim

    @property
    def runtime(self) -> str:
        return f"io.containerd.{self.shim}.v2"

    def path(self, folder: Path) -> str:
        """Of the runtime, "" for the shim's own choice. One that is a command of several words gets a script."""
        command = runtime_command(self.binary) if self.binary else [""]
        if len(command) == 1:
            return command[0]
        script = folder / self.binary
        script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        script.chmod(0o755)
        return str(script)

    def options(self, folder: Path) -> Options:
        """As a message, for containerd's own clients."""
        return Options(binary_name=self.path(folder), root=f"{folder}/state")

    def flags(self, folder: Path) -> tuple[str, ...]:
        """Of `ctr run`. The options of a runtime that it does not know are TOML."""
        if self.shim == "runc":
            return ("--runtime", self.runtime, "--runc-root", f"{folder}/state")
        path = folder / f"{self.name}.toml"
        path.write_text(f"BinaryName = '{self.path(folder)}'\nRoot = '{folder}/state'\n")
        return ("--runtime", self.runtime, "--runtime-config-path", str(path))


REAL, OURS = Subject("runc"), Subject("tiffin")
SHIMS = (REAL, OURS)
SUBJECTS = (*SHIMS, *(Subject("tiffin", binary) for binary in ("runc", "crun", "tiffin-runtime")))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Short, since sockets lie in it, whose paths have at most 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="tiffin-shim-", dir="/var/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def archive(folder: Path) -> Path:
    make_rootfs(folder / "rootfs")
    subprocess.run(["tar", "-C", folder / "rootfs", "-cf", folder / "rootfs.tar", "."], check=True)
    shutil.rmtree(folder / "rootfs")
    return docker_archive(folder / "rootfs.tar", folder / "image.tar", IMAGE)


@pytest.fixture(scope="module", autouse=True)
def good_guest(cgroup_parent: CgroupParent, subreaper: None, folder: Path) -> Iterator[None]:
    """Fails where a process, mount, cgroup, socket or state is left when a module and its containerd have ended."""
    before = Snapshot.take(cgroup_parent)
    yield
    wait_for_orphans(before)
    left = leftovers(before, cgroup_parent, "(?!)")
    left += [f"socket {path}" for path in sorted(_sockets(folder, cgroup_parent.name))]
    left += [f"state {path}" for path in sorted((folder / "state").glob("*/*"))]
    if left:
        pytest.fail("left behind:\n  " + "\n  ".join(left[:MOST_LINES]), pytrace=False)


@pytest.fixture(scope="module")
def daemon(good_guest: None, folder: Path, archive: Path, cgroup_parent: CgroupParent) -> Iterator[Daemon]:
    daemon = Daemon(folder, cgroup_parent.name)
    try:
        daemon.start()
        daemon.ctr("images", "import", "--snapshotter", "native", str(archive))
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture(params=SUBJECTS, ids=lambda subject: str(subject.name))
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.param
    return found


@pytest.fixture
def name() -> str:
    """Of a container that no test had before."""
    return uuid.uuid4().hex[:12]


@pytest.fixture
def run(subject: Subject, folder: Path, cgroup_parent: CgroupParent) -> tuple[str, ...]:
    """The leading arguments of `ctr run`; the last one is that of --cgroup."""
    cgroup = f"/{cgroup_parent.name}/{uuid.uuid4().hex[:12]}"
    return ("run", "--snapshotter", "native", *subject.flags(folder), "--cgroup", cgroup)


@pytest.fixture
def ctr(daemon: Daemon) -> Client:
    return daemon.ctr


@pytest.fixture
def task(daemon: Daemon, run: tuple[str, ...], name: str) -> Iterator[str]:
    """A task that sleeps, of a container of the same name."""
    daemon.ctr(*run, "--detach", IMAGE, name, "sleep", "1000")
    yield name
    daemon.forget(name)


@pytest.fixture
def api(daemon: Daemon, subject: Subject, folder: Path) -> Iterator[Api]:
    with Api(daemon.address, daemon.namespace, subject.options(folder)) as api:
        yield api


def _sockets(folder: Path, namespace: str) -> set[str]:
    """Those of the shims of a folder's containerd, whose log names each container. Others have theirs there as well."""
    groups = {*re.findall(r"\bid=(\S+)", (folder / "log").read_text()), "pod"}
    assert len(groups) > 1
    paths = {socket_path("", f"{folder}/containerd.sock", namespace, group) for group in groups}
    return {path for path in paths if os.path.exists(path)}
