"""The command on a manager's socket: Debian's containerd first, then our tiffind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from packages.manager.tests.tiffind import Tiffind
from packages.tiffin.tests.conftest import PROGRAM, SECONDS, Outcome, wait_for_line

from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.containerd import running_containerd

NAME = "docker.io/library/box:latest"
IMAGE = "box"


@dataclass(frozen=True)
class Managed:
    """`tiffin --address SOCKET`, with a namespace that has the image `box`. kind: `containerd` or `tiffind`."""

    kind: str
    address: str
    folder: Path
    cgroup_parent: str

    @property
    def environment(self) -> dict[str, str]:
        own = {"TIFFIN_ADDRESS": self.address, "TIFFIN_ROOT": str(self.folder / "store")}
        return {**os.environ, **own, "TIFFIN_RUN_ROOT": str(self.folder / "run")}

    def words(self, *words: str | Path) -> list[str]:
        """The whole command line."""
        return [str(PROGRAM), *map(str, words)]

    def run_words(self, *words: str | Path) -> list[str]:
        return self.words("run", f"--cgroup-parent={self.cgroup_parent}", *words)

    def call(self, *words: str | Path, stdin: str = "") -> Outcome:
        return self._call(self.words(*words), stdin)

    def run(self, *words: str | Path, stdin: str = "") -> Outcome:
        return self._call(self.run_words(*words), stdin)

    def start(self, name: str, script: str = "exec sleep 300", *flags: str) -> None:
        """A container in the background, which runs."""
        done = self.run("-d", f"--name={name}", *flags, IMAGE, "sh", "-c", script)
        assert (done.code, done.out) == (0, f"{name}\n"), done

    def start_ready(self, name: str, script: str, *flags: str) -> None:
        """A container in the background whose script has written `ready`."""
        self.start(name, script, *flags)
        wait_for_line(name, "ready", self.environment)

    def states(self) -> dict[str, str]:
        """Every container's status."""
        return {row["name"]: row["status"] for row in json.loads(self.call("ps", "--all", "--json").out)}

    def ctr(self, *words: str | Path) -> str:
        command = ["ctr", "--address", self.address, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 0, done
        return done.stdout

    def _call(self, command: list[str], stdin: str) -> Outcome:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=self.environment,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session", params=["containerd", "tiffind"])
def manager(
    request: pytest.FixtureRequest, busybox: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Kind and address of one that runs, with the image."""
    folder = Path(tempfile.mkdtemp(prefix="tiffin-cli-", dir="/var/tmp"))
    archive = tmp_path_factory.mktemp("archive") / "box.tar"
    subprocess.run(["tar", "-C", busybox, "-cf", archive, "."], check=True)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        if request.param == "containerd":
            address = stack.enter_context(running_containerd(folder)).address
        else:
            address = stack.enter_context(Tiffind(folder)).start().address
        command = ["ctr", "--address", address, "images", "import", "--index-name", NAME, str(archive)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        assert done.returncode == 0, done
        yield request.param, address


@pytest.fixture
def managed(manager: tuple[str, str], tmp_path: Path, cgroup_parent: CgroupParent) -> Iterator[Managed]:
    """The command; no container, snapshot or file of it is left, nor is any that the test has removed."""
    command = Managed(*manager, tmp_path, f"/{cgroup_parent.name}")
    snapshots = command.ctr("snapshots", "ls")
    yield command
    if left := command.call("ps", "--all", "--quiet").lines:
        assert command.call("rm", "--force", *left).code == 0
    assert command.ctr("snapshots", "ls") == snapshots
    assert command.ctr("leases", "ls", "-q") == ""
    assert [path for path in (tmp_path / "store/managed").rglob("*") if path.is_file()] == []
