"""The whole lifecycle where the kernel lacks one newer system call, and where it lacks all of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packages.runtime.tests.lifecycle.containers import FOREVER, ConsoleSocket, created, read_terminal, shell
from packages.runtime.tests.old_kernel.conftest import Make
from packages.runtime.tests.old_kernel.denial import Denial, only_ours

from tiffin_testing.oci_runtime import OCIRuntime

pytestmark = pytest.mark.requires("root", "gcc", "libseccomp", "busybox")

USER_NAMESPACE = {
    "uidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
    "gidMappings": [{"containerID": 0, "hostID": 0, "size": 65536}],
}
Config = dict[str, Any]


def with_namespaces(config: Config, *more: str) -> list[Config]:
    return [*config["linux"]["namespaces"], *({"type": kind} for kind in more)]


def test_create_start_exec_kill_delete(
    old_runtime: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    runtime = old_runtime
    runtime.create(container_id, bundle_factory(args=FOREVER)).must_succeed()
    assert runtime.status(container_id) == "created"
    runtime.start(container_id).must_succeed()
    assert runtime.status(container_id) == "running"
    shown = runtime.exec(container_id, shell("hostname; cat /proc/1/comm; ls /proc/self/fd; exit 3"))
    assert (shown.exit_code, shown.stdout.split()) == (3, ["tiffin-test", "sleep", "0", "1", "2", "3"])
    runtime.call("pause", container_id).must_succeed()
    assert runtime.status(container_id) == "paused"
    runtime.call("resume", container_id).must_succeed()
    runtime.kill(container_id).must_succeed()
    runtime.wait_stopped(container_id)
    assert runtime.status(container_id) == "stopped"
    runtime.delete(container_id).must_succeed()


def test_run_gives_output_and_exit_code(
    old_runtime: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    bundle = bundle_factory(args=shell("echo said; ls /proc/self/fd; exit 7"))
    outcome = old_runtime.run(container_id, bundle)
    assert (outcome.exit_code, outcome.stdout.split()) == (7, ["said", "0", "1", "2", "3"]), outcome


def test_a_running_container_is_deleted_by_force(
    old_runtime: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    old_runtime.run(container_id, bundle_factory(args=FOREVER), "--detach").must_succeed()
    old_runtime.delete(container_id, force=True).must_succeed()


def test_exec_joins_every_kind_of_namespace(
    old_runtime: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    only_ours(old_runtime, "Debian's 1.1 has no time namespaces")
    kinds = ("user", "time") if os.path.exists("/proc/self/ns/time") else ("user",)
    namespaces = with_namespaces(bundle_factory().config, *kinds)
    linux = {**USER_NAMESPACE, "namespaces": namespaces, "resources": None}
    with created(old_runtime, bundle_factory({"linux": linux}, args=FOREVER), container_id) as pid:
        old_runtime.start(container_id).must_succeed()
        names = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")
        script = shell(f"cd /proc/self/ns; for n in {' '.join(names)}; do readlink $n; done; id -u")
        *joined, uid = old_runtime.exec(container_id, script).must_succeed().stdout.split()
        assert joined == [os.readlink(f"/proc/{pid}/ns/{name}") for name in names]
        assert uid == "0"
        assert not {os.readlink(f"/proc/self/ns/{name}") for name in names} & set(joined)


def test_a_time_namespace_with_offsets(
    old_runtime: OCIRuntime, bundle_factory: Make, container_id: str
) -> None:
    only_ours(old_runtime, "Debian's 1.1 has no time namespaces")
    linux = {
        "namespaces": with_namespaces(bundle_factory().config, "time"),
        "timeOffsets": {"boottime": {"secs": 1_000_000_000}},
    }
    bundle = bundle_factory({"linux": linux}, args=["cat", "/proc/uptime"])
    shown = old_runtime.run(container_id, bundle).must_succeed().stdout
    assert float(shown.split()[0]) > 1_000_000_000


def test_a_terminal(old_runtime: OCIRuntime, bundle_factory: Make, container_id: str, tmp_path: Path) -> None:
    bundle = bundle_factory({"process": {"terminal": True}}, args=shell("tty; echo done"))
    with (
        ConsoleSocket(tmp_path) as console,
        created(old_runtime, bundle, container_id, "--console-socket", console.path),
    ):
        master = console.descriptor()
        old_runtime.start(container_id).must_succeed()
        shown = read_terminal(master, "done")
        os.close(master)
    assert "/dev/pts/0" in shown


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer"])
def test_a_hook_that_takes_too_long_is_killed_without_a_pidfd(
    kind: str,
    denied: Callable[..., Denial],
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
) -> None:
    hooks = {kind: [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}]}
    outcome = (
        denied("pidfd_open").around(runtime_under_test).create(container_id, bundle_factory({"hooks": hooks}))
    )
    assert outcome.exit_code == 1
    assert list(runtime_under_test.containers()) == []


@pytest.mark.parametrize("kind", ["createRuntime", "createContainer"])
def test_a_hook_that_is_in_time_is_not_killed_without_a_pidfd(
    kind: str,
    denied: Callable[..., Denial],
    runtime_under_test: OCIRuntime,
    bundle_factory: Make,
    container_id: str,
) -> None:
    hooks = {kind: [{"path": "/bin/sh", "args": ["sh", "-c", "true"], "timeout": 20}]}
    outcome = (
        denied("pidfd_open").around(runtime_under_test).run(container_id, bundle_factory({"hooks": hooks}))
    )
    assert outcome.exit_code == 0, outcome
