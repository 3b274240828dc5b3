"""kill -9 before every step of a command: what is left, `delete --force` removes wholly."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tiffin_testing import leaks
from tiffin_testing.bundle import Bundle
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.oci_runtime import OCIRuntime

from .remains import Remains, numbered
from .scenarios import SCENARIOS, TAKING, Scenario
from .stepping import EVERY_STEP, Stepper, build_stepper

pytestmark = [
    pytest.mark.requires("root", "gcc", "libseccomp"),
    pytest.mark.timeout(3600 if EVERY_STEP else 300),
]

Make = Callable[..., Bundle]
CASES = [
    pytest.param(scenario, role, id=f"{scenario.name}-{role}")
    for scenario in SCENARIOS
    for role in scenario.roles
]


@pytest.fixture(autouse=True)
def only_ours(runtime_under_test: OCIRuntime) -> None:
    if runtime_under_test.name == "runc":
        pytest.skip("runc has other processes, and does not promise this")


@pytest.fixture(scope="module")
def stepper(tmp_path_factory: pytest.TempPathFactory) -> Stepper:
    folder = tmp_path_factory.mktemp("stepper")
    return Stepper(build_stepper(folder), folder / "report")


@pytest.mark.parametrize(("scenario", "role"), CASES)
def test_a_killed_command_leaves_nothing_that_delete_does_not_remove(
    scenario: Scenario,
    role: str,
    stepper: Stepper,
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    cgroup_parent: CgroupParent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if scenario.python:
        monkeypatch.setenv("TIFFIN_FRONT", "python")
    bundle = bundle_factory(scenario.config, args=scenario.args)
    remains = Remains(runtime_under_test, bundle, cgroup_parent, leaks.children())
    arguments = scenario.arguments(container_id, bundle)

    def prepare() -> None:
        scenario.prepare(runtime_under_test, container_id, bundle)

    steps = steps_of(scenario, role, stepper, remains, prepare, container_id)
    problems = []
    for step in steps:
        prepare()
        stepper.kill_at(runtime_under_test, role, step, arguments)
        problems.append((step, remains.delete(container_id)))
    assert steps
    assert not any(wrong for _, wrong in problems), numbered(each for each in problems if each[1])


def steps_of(
    scenario: Scenario,
    role: str,
    stepper: Stepper,
    remains: Remains,
    prepare: Callable[[], None],
    container: str,
) -> list[int]:
    """The steps to be tried, from a command that ran undisturbed. Once before: then all caches are warm."""
    steps: list[int] = []
    for _ in range(2):
        prepare()
        arguments = scenario.arguments(container, remains.bundle)
        steps = stepper.steps(remains.runtime, role, arguments, begin=scenario.begin)
        assert remains.delete(container) == []
    return steps


def test_a_process_that_no_state_tells_of_ends_with_its_controller(
    stepper: Stepper,
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    cgroup_parent: CgroupParent,
) -> None:
    scenario = SCENARIOS[0]
    bundle = bundle_factory(scenario.config, args=scenario.args)
    remains = Remains(runtime_under_test, bundle, cgroup_parent, leaks.children())
    arguments = scenario.arguments(container_id, bundle)
    steps = steps_of(scenario, "controller", stepper, remains, lambda: None, container_id)
    unknown = 0
    for step in steps:
        stepper.kill_at(runtime_under_test, "controller", step, arguments)
        if not is_known(runtime_under_test.root / container_id / "state"):
            unknown += 1
            assert remains.orphans_end(), step
        assert remains.delete(container_id) == []
    assert 0 < unknown < len(steps)


def is_known(state: Path) -> bool:
    """Whether the state tells of an init."""
    return state.exists() and "\npid 0\n" not in state.read_text()


@pytest.mark.parametrize("front", ["native", "python"])
def test_a_killed_delete_can_be_repeated_without_force(
    front: str,
    stepper: Stepper,
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    cgroup_parent: CgroupParent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIFFIN_FRONT", front)
    bundle = bundle_factory(args=["true"])
    remains = Remains(runtime_under_test, bundle, cgroup_parent, leaks.children())

    def stopped() -> None:
        runtime_under_test.run(container_id, bundle, "--keep").must_succeed()

    stopped()
    steps = stepper.steps(runtime_under_test, "controller", ["delete", container_id], begin=("flock",))
    for step in steps:
        stopped()
        stepper.kill_at(runtime_under_test, "controller", step, ["delete", container_id])
        directory = runtime_under_test.root / container_id
        had_state = (directory / "state").exists()
        outcome = runtime_under_test.delete(container_id)
        assert outcome.exit_code == (0 if had_state else 1), (step, outcome)
        assert remains.found() == [], step


@pytest.mark.parametrize("front", ["native", "python"])
def test_a_killed_start_has_started_or_can_be_repeated(
    front: str,
    stepper: Stepper,
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
    cgroup_parent: CgroupParent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the status says is true: `created` is a container that waits, `running` one whose program runs."""
    monkeypatch.setenv("TIFFIN_FRONT", front)
    bundle = bundle_factory(args=["sh", "-c", "echo runs > /runs; sleep 1000"])
    remains = Remains(runtime_under_test, bundle, cgroup_parent, leaks.children())
    os.mkfifo(bundle.rootfs / "runs")

    def created() -> None:
        runtime_under_test.create(container_id, bundle).must_succeed()

    created()
    steps = stepper.steps(runtime_under_test, "controller", ["start", container_id], begin=TAKING)
    assert remains.delete(container_id) == []
    seen = set()
    for step in steps:
        created()
        stepper.kill_at(runtime_under_test, "controller", step, ["start", container_id])
        seen.add(runtime_under_test.state(container_id)["status"])
        again = runtime_under_test.start(container_id)
        assert again.exit_code == 0 or "already running" in again.stderr, (step, again)
        assert (bundle.rootfs / "runs").read_text() == "runs\n", step
        assert runtime_under_test.state(container_id)["status"] == "running", step
        assert remains.delete(container_id) == [], step
    assert "created" in seen
