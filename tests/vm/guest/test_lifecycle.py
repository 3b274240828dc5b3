"""create, start, exec, kill and delete on cgroup v2, and where the processes are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.vm.guest.container import wait_until_empty
from tests.vm.guest.subjects import only_ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vm.guest.container import Container

    from tiffin_testing.oci_runtime import OCIRuntime


def test_create_start_exec_kill_delete(
    container_factory: Callable[..., Container], subject: OCIRuntime
) -> None:
    container = container_factory().create()
    assert container.value("cgroup.procs") == str(container.pid)
    assert subject.status(container.id) == "created"
    subject.start(container.id).must_succeed()
    assert subject.status(container.id) == "running"
    assert container.shell("cat /proc/self/cgroup /proc/1/cgroup") == "0::/\n0::/\n"
    subject.kill(container.id).must_succeed()
    subject.wait_stopped(container.id)
    subject.delete(container.id).must_succeed()
    assert not container.cgroup.exists()


def test_run_in_the_foreground(container_factory: Callable[..., Container]) -> None:
    container = container_factory(args=("sh", "-c", "cat /proc/self/cgroup; exit 7"))
    done = container.run()
    assert (done.exit_code, done.stdout) == (7, "0::/\n")
    assert not container.cgroup.exists()


def test_nested_cgroups_path(container_factory: Callable[..., Container], cgroup_parent: object) -> None:
    path = container_factory().bundle.config["linux"]["cgroupsPath"]
    container = container_factory(
        {"memory": {"limit": 1 << 26}}, config={"linux": {"cgroupsPath": f"{path}/a/b"}}
    )
    container.create()
    assert container.cgroup == Path(f"/sys/fs/cgroup{path}/a/b")
    assert container.value("memory.max") == str(1 << 26)
    assert container.value("cgroup.procs") == str(container.pid)
    container.end()
    container.cgroup.parent.rmdir()
    container.cgroup.parent.parent.rmdir()


def test_kill_all_without_a_pid_namespace(
    container_factory: Callable[..., Container], subject: OCIRuntime
) -> None:
    namespaces = [{"type": name} for name in ("mount", "uts", "ipc", "network", "cgroup")]
    script = "sleep 1000 & sh -c 'sleep 1000 & sleep 1000' & echo $$; wait"
    container = container_factory(
        args=("sh", "-c", script), config={"linux": {"namespaces": namespaces}}
    ).start()
    subject.kill(container.id, "KILL", "--all").must_succeed()
    wait_until_empty(container.cgroup)
    container.end()


def test_delete_by_force_with_cgroups_inside(container_factory: Callable[..., Container]) -> None:
    container = container_factory().start()
    inner = container.cgroup / "inner" / "most"
    inner.mkdir(parents=True)
    container.exec("sleep", "1000", flags=("--detach", "--cgroup", "inner/most")).must_succeed()
    assert (inner / "cgroup.procs").read_text()
    container.end()


@only_ours  # runc 1.1 writes cgroup.procs
def test_init_is_cloned_into_its_cgroup(container_factory: Callable[..., Container]) -> None:
    container = container_factory().create()
    assert container.values("pids.current", "pids.peak") == {"pids.current": "1", "pids.peak": "1"}
    container.end()
