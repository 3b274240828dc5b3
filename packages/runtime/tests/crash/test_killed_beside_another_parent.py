"""kill -9 of us before every step, while another process is the parent: it knows what lives; `delete` removes it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from packages.runtime.tests.launch.parents import AnotherParent, another_parent

from tiffin_testing import leaks
from tiffin_testing.bundle import Bundle
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.oci_runtime import SECONDS, OCIRuntime

from .remains import Remains, numbered
from .scenarios import LAUNCHING, MAKING, RICH
from .stepping import EVERY_STEP, Stepper, build_stepper

pytestmark = [
    pytest.mark.requires("root", "gcc", "libseccomp"),
    pytest.mark.timeout(3600 if EVERY_STEP else 120),
]
Make = Callable[..., Bundle]
CALLER = "packages.runtime.tests.crash.by_another_parent"


@dataclass(frozen=True)
class Subject:
    """The caller that is killed, and the process that stays."""

    stepper: Stepper
    socket: Path
    runtime: OCIRuntime
    rootdir: Path

    def run(self, step: int, *words: str) -> int:
        """Kills the caller before a step (0: never, and its steps are in the report); its exit code."""
        command = [str(self.stepper.program), str(self.stepper.report), "controller", str(step)]
        command += [sys.executable, "-m", CALLER, str(self.socket), str(self.runtime.root), *words]
        return subprocess.run(command, cwd=self.rootdir, check=False, timeout=60).returncode

    def unknown(self) -> list[int]:
        """Processes that the parent was not told of, and that do not end by themselves."""
        parent = AnotherParent(self.socket)
        try:
            known = parent.ask({"list": True})
            return [pid for pid in known["living"] if pid not in known["adopted"] and not ends(pid)]
        finally:
            parent.close()

    def living(self) -> list[int]:
        parent = AnotherParent(self.socket)
        try:
            return [pid for pid in parent.ask({"list": True})["living"] if not ends(pid)]
        finally:
            parent.close()


def ends(pid: int) -> bool:
    """Whether a process ends within some time."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], SECONDS)[0])
    finally:
        os.close(descriptor)


@pytest.fixture
def subject(
    tmp_path: Path,
    runtime_under_test: OCIRuntime,
    request: pytest.FixtureRequest,
) -> Iterator[Subject]:
    if runtime_under_test.name == "runc":
        pytest.skip("this is about our library")
    stepper = Stepper(build_stepper(tmp_path), tmp_path / "report")
    with another_parent(tmp_path) as path:
        yield Subject(stepper, path, runtime_under_test, request.config.rootpath)


@pytest.mark.parametrize("kind", ["plain", "rich"])
def test_a_create_that_is_killed(
    kind: str, subject: Subject, bundle_factory: Make, container_id: str, cgroup_parent: CgroupParent
) -> None:
    bundle = bundle_factory(RICH if kind == "rich" else {}, args=("sleep", "1000"))
    remains = Remains(subject.runtime, bundle, cgroup_parent, leaks.children())
    words = ("create", str(bundle.path), container_id)
    sweep(subject, remains, container_id, words, MAKING, lambda: None)


def test_an_exec_that_is_killed(
    subject: Subject, bundle_factory: Make, container_id: str, cgroup_parent: CgroupParent
) -> None:
    bundle = bundle_factory(args=("sleep", "1000"))
    remains = Remains(subject.runtime, bundle, cgroup_parent, leaks.children())

    def running() -> None:
        assert subject.run(0, "create", str(bundle.path), container_id) == 0
        subject.runtime.start(container_id).must_succeed()

    sweep(subject, remains, container_id, ("exec", container_id), LAUNCHING, running)


def sweep(
    subject: Subject,
    remains: Remains,
    container: str,
    words: Sequence[str],
    begin: Sequence[str],
    prepare: Callable[[], None],
) -> None:
    """Kills the caller before each of its steps that has an effect, and looks for what is left each time."""
    steps: list[int] = []
    for _ in range(2):  # once before: then all caches are warm
        prepare()
        assert subject.run(0, *words) == 0
        steps = subject.stepper.reported("controller", begin=begin)
        assert remains.delete(container) == []
    problems = []
    for step in steps:
        prepare()
        subject.run(step, *words)
        wrong = [f"process {pid} is unknown to its parent" for pid in subject.unknown()]
        wrong += remains.delete(container)
        wrong += [f"process {pid} lives on" for pid in subject.living()]
        problems.append((step, wrong))
    assert steps
    assert not any(wrong for _, wrong in problems), numbered(each for each in problems if each[1])
