"""What changes a task that runs, and what is measured of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.any_pb2 import Any
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.tasks.peers import OURS

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.containerd.types.mount_pb2 import Mount

if TYPE_CHECKING:
    from packages.manager.tests.tasks.containers import Containers

pytestmark = pytest.mark.requires("root", "containerd", "runc")
RESOURCES = "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources"


def test_a_task_is_paused_and_goes_on(containers: Containers) -> None:
    name, told = containers.run_and_listen("sleep", "1000")
    containers.client.call(containers.tasks.Pause, tasks.PauseTaskRequest(container_id=name))
    assert containers.status(name) == "PAUSED"
    containers.client.call(containers.tasks.Resume, tasks.ResumeTaskRequest(container_id=name))
    assert containers.status(name) == "RUNNING"
    assert [each.topic for each in told.until("/tasks/resumed")] == ["/tasks/paused", "/tasks/resumed"]
    told.close()


def test_a_task_that_does_not_run_is_not_paused(containers: Containers) -> None:
    name = containers.make("true")
    containers.create(name)
    request = tasks.PauseTaskRequest(container_id=name)
    assert refusal(containers.client.call, containers.tasks.Pause, request).code in (
        StatusCode.FAILED_PRECONDITION,
        StatusCode.UNKNOWN,  # of shims of containerd 1.6
    )


def test_a_signal_reaches_the_first_process_or_all(containers: Containers, tmp_path: Path) -> None:
    script = "trap 'exit 21' USR1; sleep 1000 & echo ready; while :; do sleep 0.02; done"
    name = containers.run_script(script, tmp_path)
    containers.kill(name, 10)
    assert containers.wait(name).exit_status == 21
    containers.delete(name)
    name = containers.run_script("sleep 1000 & echo ready; sleep 1000; true", tmp_path)
    containers.kill(name, 9, everything=True)
    assert containers.wait(name).exit_status == 137


def test_all_processes_are_listed(containers: Containers) -> None:
    name = containers.run("sleep", "1000")
    containers.execute(name, "e1", "sleep", "1000")
    added = containers.start(name, "e1")
    request = tasks.ListPidsRequest(container_id=name)
    found = containers.client.call(containers.tasks.ListPids, request).processes
    assert {each.pid for each in found} == {containers.get(name).pid, added}
    own = next(each for each in found if each.pid == added)
    assert own.info.type_url.endswith("containerd.runc.v1.ProcessDetails")
    assert not next(each for each in found if each.pid == containers.get(name).pid).HasField("info")


def test_metrics_are_of_the_tasks_that_are_asked_for(containers: Containers) -> None:
    one, two = containers.run("sleep", "1000"), containers.run("sleep", "1000")
    request = tasks.MetricsRequest(filters=[f"id=={one}"])
    (metric,) = containers.client.call(containers.tasks.Metrics, request).metrics
    assert metric.id == one
    assert metric.data.type_url.endswith(
        ("io.containerd.cgroups.v1.Metrics", "io.containerd.cgroups.v2.Metrics")
    )
    assert metric.data.value
    found = containers.client.call(containers.tasks.Metrics, tasks.MetricsRequest()).metrics
    assert {each.id for each in found} == {one, two}
    wrong = tasks.MetricsRequest(filters=["id="])
    assert refusal(containers.client.call, containers.tasks.Metrics, wrong).code in (
        StatusCode.INVALID_ARGUMENT,
        StatusCode.UNKNOWN,  # of containerd 1.6
    )


def test_resources_are_changed(containers: Containers) -> None:
    name = containers.run("sleep", "1000", linux={"resources": {"memory": {"limit": 64 << 20}}})
    value = json.dumps({"memory": {"limit": 96 << 20}}).encode()
    request = tasks.UpdateTaskRequest(container_id=name, resources=Any(type_url=RESOURCES, value=value))
    containers.client.call(containers.tasks.Update, request)
    assert memory_limit(containers.get(name).pid) == 96 << 20


def memory_limit(pid: int) -> int:
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    paths = {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines)}
    if "memory" in paths:
        return int(Path(f"/sys/fs/cgroup/memory{paths['memory']}/memory.limit_in_bytes").read_text())
    return int(Path(f"/sys/fs/cgroup{paths['']}/memory.max").read_text())


def test_a_rootfs_is_mounted_and_unmounted(containers: Containers, tmp_path: Path, rootfs: Path) -> None:
    upper, work = tmp_path / "upper", tmp_path / "work"
    upper.mkdir()
    work.mkdir()
    options = [f"lowerdir={rootfs}", f"upperdir={upper}", f"workdir={work}"]
    mount = Mount(type="overlay", source="overlay", options=options)
    root = {"path": "rootfs", "readonly": False}
    name = containers.make("sh", "-c", "echo hello >/greeting", root=root)
    containers.create(name, rootfs=[mount])
    assert os.path.ismount(containers.peer.bundles / containers.namespace / name / "rootfs")
    containers.start(name)
    assert containers.wait(name).exit_status == 0
    containers.delete(name)
    assert (upper / "greeting").read_text() == "hello\n"


@pytest.mark.parametrize("peer", OURS, indirect=True)  # containerd 1.6 has no such mounts
def test_a_rootfs_that_needs_other_mounts_first_gets_them(
    containers: Containers, tmp_path: Path, rootfs: Path
) -> None:
    upper = tmp_path / "upper"
    upper.mkdir()
    (upper / "greeting").write_text("hello\n")
    layers = [Mount(type="bind", source=str(folder), options=["rbind", "ro"]) for folder in (rootfs, upper)]
    overlay = Mount(type="format/overlay", source="overlay", options=["lowerdir={{ overlay 1 0 }}"])
    name = containers.make("grep", "-q", "hello", "/greeting", root={"path": "rootfs", "readonly": True})
    containers.create(name, rootfs=[*layers, overlay])
    containers.start(name)
    assert containers.wait(name).exit_status == 0
    containers.delete(name)
    assert str(containers.peer.folder) not in Path("/proc/self/mountinfo").read_text()
