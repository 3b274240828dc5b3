"""Commands that run at the same time: for one id one wins, nobody harms another, and nothing is left."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from tiffin_testing import leaks
from tiffin_testing.bundle import Bundle
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.oci_runtime import OCIRuntime, Outcome

from .remains import Remains

pytestmark = pytest.mark.requires("root")

Make = Callable[..., Bundle]
Call = Callable[[], Outcome]
MANY = 50
ROUNDS = 12
SLEEP = ("sleep", "1000")


def at_once(calls: Sequence[Call]) -> list[Outcome]:
    """All calls at the same time; their outcomes in the same order."""
    barrier = threading.Barrier(len(calls))

    def wait_and(call: Call) -> Outcome:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(wait_and, calls))


def said_well(outcome: Outcome) -> bool:
    """Success, or an error that is none of Python's."""
    return outcome.exit_code == 0 or (outcome.exit_code == 1 and "Traceback" not in outcome.stderr)


def only_ours(runtime: OCIRuntime) -> None:
    if runtime.name == "runc":
        pytest.skip("Debian's 1.1.5 has no lock, and leaves processes here")


@pytest.fixture
def remains(runtime_under_test: OCIRuntime, bundle_factory: Make, cgroup_parent: CgroupParent) -> Remains:
    return Remains(runtime_under_test, bundle_factory(args=SLEEP), cgroup_parent, leaks.children())


def test_of_many_creates_for_one_id_one_wins(remains: Remains, container_id: str) -> None:
    runtime = remains.runtime
    only_ours(runtime)
    for _ in range(3):
        outcomes = at_once([lambda: runtime.create(container_id, remains.bundle)] * 6)
        assert Counter(outcome.exit_code for outcome in outcomes) == {0: 1, 1: 5}
        refused = [outcome.stderr for outcome in outcomes if outcome.exit_code]
        assert all("container with given ID already exists" in text for text in refused), refused
        assert runtime.status(container_id) == "created"
        assert remains.delete(container_id) == []


@pytest.mark.parametrize("how", ["forced", "plain"])
def test_a_create_and_a_delete_at_the_same_time_leave_a_container_or_nothing(
    how: str, remains: Remains, container_id: str
) -> None:
    runtime, force = remains.runtime, how == "forced"
    for _ in range(ROUNDS):
        created, deleted = at_once(
            [
                lambda: runtime.create(container_id, remains.bundle),
                lambda: runtime.delete(container_id, force=force),
            ]
        )
        assert said_well(created), created
        assert said_well(deleted), deleted
        assert not force or deleted.exit_code == 0, deleted
        if list(runtime.containers()):
            assert created.exit_code == 0
            assert runtime.status(container_id) == "created"
        assert remains.delete(container_id) == []


def test_workers_that_make_and_delete_the_same_id_harm_nobody(remains: Remains, container_id: str) -> None:
    runtime = remains.runtime
    only_ours(runtime)

    def work() -> Outcome:
        outcome = runtime.create(container_id, remains.bundle)
        for _ in range(3):
            assert said_well(outcome), outcome
            outcome = runtime.delete(container_id, force=True)
            assert outcome.exit_code == 0, outcome
            outcome = runtime.create(container_id, remains.bundle)
        return outcome

    assert all(said_well(outcome) for outcome in at_once([work] * 5))
    assert remains.delete(container_id) == []


def test_deletes_at_the_same_time_all_succeed(remains: Remains, container_id: str) -> None:
    runtime = remains.runtime
    for _ in range(3):
        runtime.run(container_id, remains.bundle, "--detach").must_succeed()
        outcomes = at_once([lambda: runtime.delete(container_id, force=True)] * 5)
        assert [outcome.exit_code for outcome in outcomes] == [0] * 5, outcomes
        assert remains.found() == []


def test_of_many_starts_one_wins(remains: Remains, container_id: str) -> None:
    runtime = remains.runtime
    runtime.create(container_id, remains.bundle).must_succeed()
    outcomes = at_once([lambda: runtime.start(container_id)] * 6)
    assert Counter(outcome.exit_code for outcome in outcomes) == {0: 1, 1: 5}
    refused = [outcome.stderr for outcome in outcomes if outcome.exit_code]
    assert all("cannot start an already running container" in text for text in refused), refused
    assert remains.delete(container_id) == []


def test_a_container_that_ends_while_it_is_deleted_is_gone(remains: Remains, container_id: str) -> None:
    runtime = remains.runtime
    for _ in range(ROUNDS // 2):
        runtime.run(container_id, remains.bundle, "--detach").must_succeed()
        killed, deleted = at_once(
            [
                lambda: runtime.kill(container_id),
                lambda: runtime.delete(container_id, force=True),
            ]
        )
        assert said_well(killed), killed
        assert deleted.exit_code == 0, deleted
        assert remains.found() == []


@pytest.mark.timeout(180)
def test_fifty_containers_at_the_same_time(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    runtime = runtime_under_test
    names = [f"{container_id}-{number}" for number in range(MANY)]
    bundles = {name: bundle_factory(args=["sh", "-c", f"echo {name}; exec sleep 1000"]) for name in names}

    def each(call: Callable[[str], Outcome]) -> list[Outcome]:
        with ThreadPoolExecutor(MANY) as pool:
            return [outcome.must_succeed() for outcome in pool.map(call, names)]

    each(lambda name: runtime.create(name, bundles[name]))
    listed = json.loads(runtime.call("list", "--format", "json").must_succeed().stdout)
    assert {row["id"]: row["status"] for row in listed} == dict.fromkeys(names, "created")
    each(runtime.start)
    answers = each(lambda name: runtime.exec(name, ["hostname"]))
    assert {outcome.stdout for outcome in answers} == {"tiffin-test\n"}
    each(lambda name: runtime.delete(name, force=True))
    assert list(runtime.containers()) == []


@pytest.mark.timeout(180)
def test_fifty_runs_at_the_same_time_each_have_their_own_output(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    names = [f"{container_id}-{number}" for number in range(MANY)]
    bundles = {name: bundle_factory(args=["echo", name]) for name in names}
    command = [*runtime_under_test.command, "--root", str(runtime_under_test.root), "run", "--bundle"]
    running = {
        name: subprocess.Popen(
            [*command, bundles[name].path, name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        for name in names
    }
    answers = {name: process.communicate(timeout=170)[0] for name, process in running.items()}
    assert answers == {name: f"{name}\n" for name in names}
    assert {process.returncode for process in running.values()} == {0}
