"""kill: signals by name and number, to init or to all, to what is there and what is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from packages.runtime.tests.lifecycle.containers import (
    FOREVER,
    Fifo,
    Make,
    created,
    has_ended,
    running,
    shell,
)

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root")
SHARED_PIDS = {"linux": {"namespaces": [{"type": kind} for kind in ("mount", "ipc", "uts", "network")]}}


@pytest.mark.parametrize("name", ["USR1", "SIGUSR1", "usr1", "sigusr1", "10"])
def test_a_signal_is_named_in_many_ways(
    name: str, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    script = "trap 'echo got > /ready' USR1; echo > /on; while :; do sleep 0.05; done"
    bundle = bundle_factory(args=shell(script))
    ready, on = Fifo(bundle), Fifo(bundle, "on")
    with running(runtime_under_test, bundle, container_id):
        on.read()
        runtime_under_test.kill(container_id, name).must_succeed()
        assert ready.read() == "got\n"


def test_without_a_signal_it_is_sigterm(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("trap 'exit 0' TERM; echo > /on; while :; do sleep 0.05; done"))
    on = Fifo(bundle, "on")
    with running(runtime_under_test, bundle, container_id) as pid:
        on.read()
        runtime_under_test.call("kill", container_id).must_succeed()
        assert has_ended(pid)


@pytest.mark.parametrize("name", ["NOSIG", "SIG", "99", "-1"])
def test_a_signal_that_is_none_is_refused(
    name: str, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        assert runtime_under_test.kill(container_id, name).exit_code == 1
        assert runtime_under_test.status(container_id) == "running"


def test_a_created_container_can_be_killed(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with created(runtime_under_test, bundle_factory(args=FOREVER), container_id) as pid:
        runtime_under_test.kill(container_id).must_succeed()
        assert has_ended(pid)
        assert runtime_under_test.status(container_id) == "stopped"


def test_a_stopped_container_cannot_be_signalled_but_killed_wholly(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=["true"]), container_id):
        runtime_under_test.wait_stopped(container_id)
        outcome = runtime_under_test.kill(container_id)
        assert outcome.exit_code == 1
        assert "container not running" in outcome.stderr
        runtime_under_test.kill(container_id, "KILL", "--all").must_succeed()


def test_killing_init_kills_the_rest_of_its_namespace(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id) as pid:
        runtime_under_test.exec(
            container_id, FOREVER, "--detach", "--pid-file", tmp_path / "pid"
        ).must_succeed()
        runtime_under_test.kill(container_id).must_succeed()
        assert has_ended(int((tmp_path / "pid").read_text()))
        assert has_ended(pid)


@pytest.mark.parametrize("flags", [(), ("--all",)])
def test_without_a_pid_namespace_a_kill_reaches_every_process(
    flags: tuple[str, ...], runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    if runtime_under_test.name == "runc" and not flags:
        pytest.skip("runc kills them all since 1.2")
    bundle = bundle_factory(SHARED_PIDS, args=shell("sleep 1000 & echo $! > /ready; wait"))
    ready = Fifo(bundle)
    with running(runtime_under_test, bundle, container_id) as pid:
        other = int(ready.read())
        runtime_under_test.kill(container_id, "KILL", *flags).must_succeed()
        assert has_ended(pid)
        assert has_ended(other)


def test_what_outlives_init_is_killed_by_delete(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(SHARED_PIDS, args=shell("sleep 1000 & echo $! > /ready"))
    ready = Fifo(bundle)
    runtime_under_test.create(container_id, bundle).must_succeed()
    runtime_under_test.start(container_id).must_succeed()
    other = int(ready.read())
    runtime_under_test.wait_stopped(container_id)
    os.kill(other, 0)
    runtime_under_test.delete(container_id, force=True).must_succeed()
    assert has_ended(other)


def test_a_paused_container_dies_of_a_kill(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id) as pid:
        runtime_under_test.call("pause", container_id).must_succeed()
        runtime_under_test.kill(container_id).must_succeed()
        assert has_ended(pid)
