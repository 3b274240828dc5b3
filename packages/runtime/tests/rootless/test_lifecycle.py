"""Every verb, as an ordinary user without cgroups, with one id and with a range of them."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest
from packages.runtime.tests.rootless.conftest import Rootless

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = [
    pytest.mark.requires("userns_rootless", "userns_proc", "busybox", "newuidmap", "subuid"),
    pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user: ./test --tier rootless becomes one"),
]

SLEEP = ("sleep", "1000")


def test_run_gives_output_and_exit_code(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str
) -> None:
    bundle = mapped_bundle(args=["sh", "-c", "id -u; id -g; hostname; exit 7"])
    outcome = runtime_under_test.run(container_id, bundle)
    assert (outcome.exit_code, outcome.stdout) == (7, "0\n0\ntiffin-test\n"), outcome
    assert list(runtime_under_test.containers()) == []


def test_create_start_exec_kill_delete(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str, tmp_path: Path
) -> None:
    runtime = runtime_under_test
    bundle = mapped_bundle(args=["sh", "-c", "echo started > /mark; exec sleep 1000"])
    runtime.create(container_id, bundle, "--pid-file", tmp_path / "pid").must_succeed()
    assert runtime.status(container_id) == "created"
    assert not (bundle.rootfs / "mark").exists()
    runtime.start(container_id).must_succeed()
    assert runtime.status(container_id) == "running"
    assert int((tmp_path / "pid").read_text()) == runtime.state(container_id)["pid"]
    answer = runtime.exec(container_id, ["sh", "-c", "id -u; cat /proc/1/comm; exit 3"])
    assert (answer.exit_code, answer.stdout.splitlines()[0]) == (3, "0"), answer
    assert runtime.delete(container_id).exit_code == 1
    runtime.kill(container_id).must_succeed()
    runtime.wait_stopped(container_id)
    assert runtime.status(container_id) == "stopped"
    runtime.delete(container_id).must_succeed()
    assert runtime.call("state", container_id).exit_code == 1


def test_what_is_started_runs(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    bundle = rootless_bundle({"process": {"args": ["sh", "-c", "echo started > /mark"]}})
    runtime_under_test.create(container_id, bundle).must_succeed()
    runtime_under_test.start(container_id).must_succeed()
    runtime_under_test.wait_stopped(container_id)
    assert (bundle.rootfs / "mark").read_text() == "started\n"
    assert (bundle.rootfs / "mark").stat().st_uid == os.geteuid()
    runtime_under_test.delete(container_id).must_succeed()


def test_a_running_container_is_deleted_by_force(
    runtime_under_test: OCIRuntime, mapped_bundle: Rootless, container_id: str
) -> None:
    runtime_under_test.run(container_id, mapped_bundle(args=SLEEP), "--detach").must_succeed()
    pid = runtime_under_test.state(container_id)["pid"]
    runtime_under_test.delete(container_id, force=True).must_succeed()
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return text.rpartition(")")[2].split()[0] not in {"Z", "X"}


def test_list_names_the_owner(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    runtime_under_test.create(container_id, rootless_bundle(args=SLEEP)).must_succeed()
    (row,) = json.loads(runtime_under_test.call("list", "--format", "json").must_succeed().stdout)
    assert (row["id"], row["status"], row["owner"]) == (
        container_id,
        "created",
        pwd.getpwuid(os.geteuid()).pw_name,
    )
    assert container_id in runtime_under_test.call("list").must_succeed().stdout
    runtime_under_test.delete(container_id, force=True).must_succeed()


@pytest.mark.parametrize(
    "command", [("pause",), ("update", "--memory", "100000000")], ids=["pause", "update"]
)
def test_what_needs_a_cgroup_is_refused(
    command: tuple[str, ...], runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    runtime_under_test.run(container_id, rootless_bundle(args=SLEEP), "--detach").must_succeed()
    outcome = runtime_under_test.call(*command, container_id)
    assert outcome.exit_code == 1
    assert "cgroup" in outcome.stderr
    assert runtime_under_test.status(container_id) == "running"
    runtime_under_test.delete(container_id, force=True).must_succeed()


def test_a_limit_without_a_cgroup_is_refused(
    runtime_under_test: OCIRuntime, rootless_bundle: Rootless, container_id: str
) -> None:
    bundle = rootless_bundle({"linux": {"resources": {"memory": {"limit": 100_000_000}}}})
    outcome = runtime_under_test.create(container_id, bundle)
    assert outcome.exit_code == 1
    assert "cgroup" in outcome.stderr
    assert list(runtime_under_test.containers()) == []


def test_state_stands_in_the_runtime_directory_of_the_user(
    runtime_under_test: OCIRuntime,
    rootless_bundle: Rootless,
    container_id: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "user"))
    (tmp_path / "user").mkdir(mode=0o700)
    folder = "runc" if runtime_under_test.name == "runc" else "tiffin"
    runtime_under_test.root = tmp_path / "user" / folder
    default = OCIRuntime(["env", *runtime_under_test.command], runtime_under_test.root)
    bundle = rootless_bundle(args=SLEEP)
    made = default_call(default, "create", "--bundle", str(bundle.path), container_id)
    assert made == 0
    assert list(runtime_under_test.containers()) == [container_id]
    assert default_call(default, "delete", "--force", container_id) == 0


def default_call(runtime: OCIRuntime, *arguments: str) -> int:
    """A call without --root; returns its exit code."""
    import subprocess

    done = subprocess.run(
        [*runtime.command, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )
    return done.returncode
