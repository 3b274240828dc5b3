"""pause and resume: every process stands still, and goes on."""

from __future__ import annotations

import subprocess

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, Make, created, running

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root", "cgroup_freezer")


def test_a_paused_container_stands_still_until_it_is_resumed(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        runtime_under_test.call("pause", container_id).must_succeed()
        assert runtime_under_test.status(container_id) == "paused"
        runtime_under_test.call("resume", container_id).must_succeed()
        assert runtime_under_test.status(container_id) == "running"
        runtime_under_test.exec(container_id, ["true"]).must_succeed()


def test_what_is_paused_cannot_be_paused_and_what_runs_not_resumed(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        outcome = runtime_under_test.call("resume", container_id)
        assert outcome.exit_code == 1
        assert "container not paused" in outcome.stderr
        runtime_under_test.call("pause", container_id).must_succeed()
        outcome = runtime_under_test.call("pause", container_id)
        assert outcome.exit_code == 1
        assert "container not running" in outcome.stderr
        runtime_under_test.call("resume", container_id).must_succeed()


def test_a_created_container_can_be_paused(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with created(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        runtime_under_test.call("pause", container_id).must_succeed()
        assert runtime_under_test.status(container_id) == "paused"
        runtime_under_test.call("resume", container_id).must_succeed()
        assert runtime_under_test.status(container_id) == "created"
        runtime_under_test.start(container_id).must_succeed()


def test_a_stopped_container_can_be_neither(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=["true"]), container_id):
        runtime_under_test.wait_stopped(container_id)
        for verb in ("pause", "resume"):
            assert runtime_under_test.call(verb, container_id).exit_code == 1


def test_a_process_for_a_paused_container_is_refused(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        runtime_under_test.call("pause", container_id).must_succeed()
        outcome = runtime_under_test.exec(container_id, ["true"])
        assert outcome.exit_code == 255
        assert "cannot exec in a paused container (use --ignore-paused to override)" in outcome.stderr
        assert runtime_under_test.status(container_id) == "paused"
        runtime_under_test.call("resume", container_id).must_succeed()


def test_a_process_may_wait_in_a_paused_container(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    """It joins the frozen cgroup, and runs when that is thawed."""
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        runtime_under_test.call("pause", container_id).must_succeed()
        command = [
            *runtime_under_test.command,
            "--root",
            str(runtime_under_test.root),
            "exec",
            "--ignore-paused",
        ]
        with subprocess.Popen(
            [*command, container_id, "echo", "late"], stdout=subprocess.PIPE, text=True
        ) as waiting:
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(0.3)
            runtime_under_test.call("resume", container_id).must_succeed()
            assert waiting.communicate(timeout=20)[0] == "late\n"
            assert waiting.returncode == 0
