"""Containers and tasks, made by our messages: the options of runc's shim, events, processes, metrics, checkpoints."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.api.tests.peers.client import rows
from packages.api.tests.peers.recorder import Recorder
from packages.api.tests.peers.tasking import (
    KILLED,
    PROCESS,
    RUNTIME,
    SIGKILL,
    a_container,
    a_task,
    as_json,
    start,
)

from tiffin.api.cgroups.v1 import metrics_pb2 as cgroups_v1
from tiffin.api.containerd.services.containers.v1 import containers_pb2 as containers
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.api.containerd.services.tasks.v1.tasks_pb2_grpc import TasksStub
from tiffin.api.containerd.types.runc.options import oci_pb2 as runc
from tiffin.api.containerd.types.task import task_pb2 as task_types
from tiffin.api.typeurl import pack, unpack
from tiffin_testing.bundle import default_config

if TYPE_CHECKING:
    from packages.api.tests.peers.client import Client

    from tiffin_testing.cgroups import CgroupParent
    from tiffin_testing.containerd import Containerd

pytestmark = [
    pytest.mark.tier("interop"),
    pytest.mark.requires("root", "containerd", "ctr", "runc", "busybox", "cgroup_v1"),
]
MEMORY, PIDS = 64 << 20, 50


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


@pytest.fixture
def options(tmp_path: Path, recorder: Recorder) -> runc.Options:
    """Those that the command line of runc shows."""
    return runc.Options(
        binary_name=str(recorder.path),
        root=str(tmp_path / "state"),
        no_pivot_root=True,
        no_new_keyring=True,
        systemd_cgroup=True,
    )


@pytest.fixture
def spec(cgroup_parent: CgroupParent) -> dict[str, object]:
    config = default_config(["sh", "-c", "echo started; exec sleep 1000"])
    config["linux"]["cgroupsPath"] = cgroup_parent.path_for("api")
    config["linux"]["resources"] |= {"memory": {"limit": MEMORY}, "pids": {"limit": PIDS}}
    return config


@pytest.fixture
def container(
    client: Client, options: runc.Options, spec: dict[str, object]
) -> Iterator[containers.Container]:
    with a_container(client, options, spec) as made:
        yield made


@pytest.fixture
def task(client: Client, container: containers.Container, tmp_path: Path) -> Iterator[int]:
    """The pid of a task that was made, and not started."""
    with a_task(client, container, tmp_path) as pid:
        yield pid


@pytest.fixture
def started(client: Client, task: int) -> int:
    """The pid of the same task, running."""
    assert start(client) == task
    return task


def test_a_container_is_kept_as_it_was_sent(
    client: Client, ctr: Containerd, container: containers.Container
) -> None:
    stub = ContainersStub(client.channel)
    assert list(client.call(stub.List, containers.ListContainersRequest()).containers) == [container]
    (streamed,) = client.all(stub.ListStream, containers.ListContainersRequest())
    assert streamed.container == container
    assert rows(ctr("containers", "ls")) == [["ours", "none:1", RUNTIME]]
    shown = json.loads(ctr("containers", "info", "ours"))
    assert (shown["Labels"], shown["Runtime"]["Name"]) == ({"color": "blue"}, RUNTIME)
    assert shown["Spec"]["process"]["args"] == json.loads(container.spec.value)["process"]["args"]


@pytest.mark.usefixtures("task")
def test_options_reach_runc(recorder: Recorder, tmp_path: Path) -> None:
    words = recorder.words("create")
    before, after = words[: words.index("create")], words[words.index("create") :]
    assert before[before.index("--root") + 1] == f"{tmp_path}/state/tiffin"
    assert "--systemd-cgroup" in before
    assert {"--no-pivot", "--no-new-keyring"} <= set(after)


@pytest.mark.usefixtures("container")
def test_tasks(client: Client, ctr: Containerd, started: int, tmp_path: Path) -> None:
    stub = TasksStub(client.channel)
    (process,) = client.call(stub.List, tasks.ListTasksRequest()).tasks
    assert (process.id, process.pid, process.status) == ("ours", started, task_types.RUNNING)
    assert rows(ctr("tasks", "ls")) == [["ours", str(started), "RUNNING"]]
    got = client.call(stub.Get, tasks.GetRequest(container_id="ours")).process
    assert (got.pid, got.stdout, got.terminal) == (started, f"file://{tmp_path}/out", False)
    client.call(stub.Pause, tasks.PauseTaskRequest(container_id="ours"))
    assert client.call(stub.Get, tasks.GetRequest(container_id="ours")).process.status == task_types.PAUSED
    assert rows(ctr("tasks", "ls")) == [["ours", str(started), "PAUSED"]]
    client.call(stub.Resume, tasks.ResumeTaskRequest(container_id="ours"))


def test_a_process_within(client: Client, started: int, spec: dict[str, dict[str, object]]) -> None:
    stub = TasksStub(client.channel)
    process = as_json(PROCESS, {**spec["process"], "args": ["sleep", "1000"]})
    client.call(stub.Exec, tasks.ExecProcessRequest(container_id="ours", exec_id="second", spec=process))
    second = start(client, "second")
    listed = client.call(stub.ListPids, tasks.ListPidsRequest(container_id="ours")).processes
    known = {
        each.pid: unpack(each.info, runc.ProcessDetails).exec_id for each in listed if each.info.type_url
    }
    assert {each.pid for each in listed} == {started, second}
    assert known == {second: "second"}
    client.call(stub.Kill, tasks.KillRequest(container_id="ours", exec_id="second", signal=SIGKILL))
    asked = tasks.WaitRequest(container_id="ours", exec_id="second")
    assert client.call(stub.Wait, asked).exit_status == KILLED
    gone = client.call(stub.DeleteProcess, tasks.DeleteProcessRequest(container_id="ours", exec_id="second"))
    assert (gone.id, gone.pid, gone.exit_status) == ("second", second, KILLED)


def test_metrics_of_cgroups(client: Client, started: int) -> None:
    (metric,) = client.call(TasksStub(client.channel).Metrics, tasks.MetricsRequest()).metrics
    told = unpack(metric.data, cgroups_v1.Metrics)
    assert metric.id == "ours"
    assert (told.memory.usage.limit, told.pids.limit) == (MEMORY, PIDS)
    assert 1 <= told.pids.current <= PIDS
    assert 0 < told.memory.usage.usage <= told.memory.usage.max <= MEMORY
    assert told.cpu.usage.total > 0


def test_options_of_a_checkpoint_reach_runc(
    client: Client, started: int, recorder: Recorder, tmp_path: Path
) -> None:
    asked = runc.CheckpointOptions(
        open_tcp=True,
        external_unix_sockets=True,
        terminal=True,
        file_locks=True,
        empty_namespaces=["network", "ipc"],
        image_path=str(tmp_path / "image"),
        work_path=str(tmp_path / "work"),
    )
    request = tasks.CheckpointTaskRequest(container_id="ours", options=pack(asked))
    client.call(TasksStub(client.channel).Checkpoint, request)
    words = recorder.words("checkpoint")
    pairs = set(itertools.pairwise(words))
    assert {"--tcp-established", "--ext-unix-sk", "--shell-job", "--file-locks", "--leave-running"} <= set(
        words
    )
    assert {
        ("--empty-ns", "network"),
        ("--empty-ns", "ipc"),
        ("--image-path", f"{tmp_path}/image"),
        ("--work-path", f"{tmp_path}/work"),
    } <= pairs
