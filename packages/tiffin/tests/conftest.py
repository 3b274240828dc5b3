"""The installed command `tiffin` with a store of its own; busybox images; configs from flags."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tiffin.cli.parse import Arguments, parse
from tiffin.cli.run.config.build import Built, build_config
from tiffin.cli.run.config.context import Context
from tiffin.cli.table import COMMANDS
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.images import busybox_image, file, tar

PROGRAM = Path(sys.executable).with_name("tiffin")
SECONDS = 60.0
WAIT = "echo ready; read line; echo got $line"
RUN = next(command for command in COMMANDS if command.name == "run")


@dataclass(frozen=True)
class Outcome:
    """What one call of the command came back with."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True)
class Tiffin:
    """The command, with folders of its own.

    runtime: what `run` gets as --runtime, "" for tiffin's own. image: an OCI layout of busybox.
    cgroup_parent: "" leaves --cgroup-parent out.
    """

    folder: Path
    runtime: str
    image: Path
    cgroup_parent: str

    @property
    def environment(self) -> dict[str, str]:
        own = {"TIFFIN_ROOT": str(self.folder / "store"), "TIFFIN_RUN_ROOT": str(self.folder / "run")}
        return {**os.environ, **own}

    @property
    def containers(self) -> Path:
        return self.folder / "store/containers"

    def run_words(self, *words: str | Path) -> list[str]:
        """The whole command line of a `tiffin run`."""
        flags = [f"--runtime={self.runtime}"] if self.runtime else []
        if self.cgroup_parent:
            flags.append(f"--cgroup-parent={self.cgroup_parent}")
        return [str(PROGRAM), "run", *flags, *map(str, words)]

    def call(self, *words: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> Outcome:
        """Any command of it."""
        return self._call([str(PROGRAM), *map(str, words)], stdin, env)

    def run(self, *words: str | Path, stdin: str = "", env: dict[str, str] | None = None) -> Outcome:
        """`tiffin run` to its end."""
        return self._call(self.run_words(*words), stdin, env)

    def shell(self, script: str, *flags: str | Path) -> list[str]:
        """Runs a script in busybox; the lines that it wrote. Fails the test if it failed."""
        outcome = self.run("--rm", *flags, self.image, "sh", "-c", script)
        assert outcome.code == 0, outcome
        return outcome.lines

    @contextmanager
    def attended(self, *flags: str, script: str = WAIT) -> Iterator[subprocess.Popen[str]]:
        """A `tiffin run` whose container has written `ready`, and waits for a line of input."""
        command = self.run_words("-i", *flags, self.image, "sh", "-c", script)
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=self.environment) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
            process.kill()

    def states(self) -> dict[str, str]:
        """Every container's status, as `tiffin ps` has it."""
        return {row["name"]: row["status"] for row in json.loads(self.call("ps", "--all", "--json").out)}

    def _call(self, command: list[str], stdin: str, env: dict[str, str] | None) -> Outcome:
        environment = {**self.environment, **(env or {})}
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=environment,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)


def wait_for_line(name: str, line: str, environment: Mapping[str, str]) -> None:
    """Until a container in the background has written a line to its log: what its script does before is done."""
    command = [str(PROGRAM), "logs", "--follow", name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert f"{line}\n" in process.stdout, f"{name} ended without {line!r}"
        process.kill()


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An OCI layout of busybox, with a few files to look at."""
    layer = tar(file("data/one", b"1\n"), file("data/sub/two", b"2\n"))
    return busybox_image(tmp_path_factory.mktemp("image") / "busybox", layer)


@pytest.fixture
def tiffin(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    busybox: Path,
    nothing_left: None,
    cgroup_parent: CgroupParent,
) -> Iterator[Tiffin]:
    """The command with an empty store; whatever a test leaves in it is removed, and must be removable."""
    runtime = request.config.getoption("--runtime") or os.environ.get("TIFFIN_TEST_RUNTIME") or ""
    parent = f"/{cgroup_parent.name}" if os.geteuid() == 0 else ""
    command = Tiffin(tmp_path, runtime, busybox, parent)
    yield command
    left = command.call("ps", "--all", "--quiet").lines
    removed = command.call("rm", "--force", *left) if left else None
    assert removed is None or removed.code == 0, removed
    assert [path.name for path in command.containers.iterdir() if path.name != ".lock"] == []


def arguments_of(*words: str) -> Arguments:
    """The parsed words of a `tiffin run`; an image is added if none is named."""
    return parse(RUN, words if "image" in words else [*words, "image"])


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Built]:
    """`build("--memory=1g", image={...}, rootless=True)`: what the flags make of an image's config."""
    rootfs = tmp_path / "rootfs"
    (rootfs / "etc").mkdir(parents=True)
    (rootfs / "etc/passwd").write_text(
        "root:x:0:0::/root:\nuser:x:1000:1000::/home/user:\n7:x:8:9::/seven:\n"
    )
    (rootfs / "etc/group").write_text("root:x:0:\nuser:x:1000:\nextra:x:2000:user,other\nmore:x:3000:\n")

    def make(*words: str, image: dict[str, Any] | None = None, **context: Any) -> Built:
        fields = {"rootless": False, "cgroup_version": 1, **context}
        whole = Context(
            name="box",
            short_id="0123456789ab",
            directory=str(tmp_path / "box"),
            volumes=str(tmp_path / "volumes"),
            image={"Cmd": ["/bin/sh"], **(image or {})},
            **fields,
        )
        return build_config(arguments_of(*words), whole, str(rootfs))

    return make
