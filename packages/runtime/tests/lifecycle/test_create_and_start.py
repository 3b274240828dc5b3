"""create, start, state, delete: what each leaves behind, and what each refuses when."""

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


def test_a_created_container_waits_for_its_start(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("touch /started; exec sleep 1000"))
    with created(runtime_under_test, bundle, container_id) as pid:
        state = runtime_under_test.state(container_id)
        assert state["status"] == "created"
        assert state["id"] == container_id
        assert state["bundle"] == str(bundle.path)
        assert state["rootfs"] == str(bundle.rootfs)
        assert state["owner"] == ""
        assert Path(f"/proc/{pid}").exists()
        assert not (bundle.rootfs / "started").exists()


def test_a_start_lets_the_program_run_with_the_callers_streams(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("id -u > /ready; exec sleep 1000"))
    ready = Fifo(bundle)
    with running(runtime_under_test, bundle, container_id) as pid:
        assert ready.read() == "0\n"
        state = runtime_under_test.state(container_id)
        assert (state["status"], state["pid"]) == ("running", pid)


def test_annotations_are_part_of_the_state(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    annotations = {"org.example.a": "1", "b": 'quoted "x"\n', "empty": ""}
    with created(runtime_under_test, bundle_factory({"annotations": annotations}), container_id):
        assert runtime_under_test.state(container_id)["annotations"].items() >= annotations.items()


def test_an_ended_container_is_stopped_and_can_be_deleted(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    runtime_under_test.create(container_id, bundle_factory(args=["true"])).must_succeed()
    runtime_under_test.start(container_id).must_succeed()
    runtime_under_test.wait_stopped(container_id)
    state = runtime_under_test.state(container_id)
    assert (state["status"], state["pid"]) == ("stopped", 0)
    for call in (runtime_under_test.start(container_id), runtime_under_test.kill(container_id, "TERM")):
        assert call.exit_code == 1
    runtime_under_test.delete(container_id).must_succeed()
    outcome = runtime_under_test.delete(container_id)
    assert outcome.exit_code == 1
    assert "container does not exist" in outcome.stderr


def test_a_second_start_is_refused(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id):
        outcome = runtime_under_test.start(container_id)
        assert outcome.exit_code == 1
        assert "cannot start an already running container" in outcome.stderr
        assert runtime_under_test.status(container_id) == "running"


def test_a_running_container_is_deleted_by_force_only(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id) as pid:
        outcome = runtime_under_test.delete(container_id)
        assert outcome.exit_code == 1
        assert f"cannot delete container {container_id} that is not stopped: running" in outcome.stderr
        assert runtime_under_test.status(container_id) == "running"
        runtime_under_test.delete(container_id, force=True).must_succeed()
        assert has_ended(pid)
        assert not list(runtime_under_test.containers())


def test_a_created_container_is_deleted_without_force(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    runtime_under_test.create(container_id, bundle_factory(args=FOREVER)).must_succeed()
    pid = int(runtime_under_test.state(container_id)["pid"])
    runtime_under_test.delete(container_id).must_succeed()
    assert has_ended(pid)
    assert not list(runtime_under_test.containers())


def test_a_paused_container_is_deleted_by_force(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id) as pid:
        runtime_under_test.call("pause", container_id).must_succeed()
        assert runtime_under_test.delete(container_id).exit_code == 1
        runtime_under_test.delete(container_id, force=True).must_succeed()
        assert has_ended(pid)


def test_the_bundle_is_the_current_directory_if_none_is_named(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("echo here"))
    outcome = runtime_under_test.call("run", container_id, cwd=bundle.path).must_succeed()
    assert outcome.stdout == "here\n"
    relative = os.path.relpath(bundle.path, bundle.path.parent)
    outcome = runtime_under_test.call("run", "-b", relative, container_id, cwd=bundle.path.parent)
    assert outcome.must_succeed().stdout == "here\n"


def test_the_pid_file_is_there_when_create_returns(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    with created(runtime_under_test, bundle_factory(), container_id, "--pid-file", pid_file) as pid:
        assert pid_file.read_text() == str(pid)
        assert [path.name for path in tmp_path.iterdir() if "pid" in path.name] == ["pid"]


def test_a_pid_file_that_cannot_be_written_undoes_the_container(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path
) -> None:
    outcome = runtime_under_test.create(container_id, bundle_factory(), "--pid-file", tmp_path / "absent/pid")
    assert outcome.exit_code == 1
    assert "no such file or directory" in outcome.stderr
    assert not list(runtime_under_test.containers())


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["no-such-program"], 'exec: "no-such-program": executable file not found in $PATH'),
        (["/no/such/program"], 'exec: "/no/such/program": stat /no/such/program: no such file or directory'),
        (["/etc/passwd"], 'exec: "/etc/passwd": permission denied'),
        (["/etc"], 'exec: "/etc": '),
    ],
)
def test_a_program_that_cannot_be_executed_is_named_as_callers_know_it(
    args: list[str], reason: str, runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    outcome = runtime_under_test.create(container_id, bundle_factory(args=args))
    assert outcome.exit_code == 1
    assert reason in outcome.stderr.replace('\\"', '"')
    assert f"{runtime_under_test.name} create failed: unable to start container process: " in outcome.stderr
    assert not list(runtime_under_test.containers())


def test_the_creator_may_go_away(
    runtime_under_test: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    """Init is nobody's child but the subreaper's (this process): nothing of the runtime stays."""
    with running(runtime_under_test, bundle_factory(args=FOREVER), container_id) as pid:
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
        assert int(parent) == os.getpid()
