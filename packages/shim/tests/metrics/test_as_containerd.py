"""Our metrics of a container of the real shim are those that `ctr task metrics` shows, to the last number."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, Parse

from tiffin.api.cgroups.v1 import metrics_pb2
from tiffin.shim.metrics.messages import measure
from tiffin.shim.tasks.cgroups import cgroups_of, manager_of
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.containerd import Containerd, running_containerd
from tiffin_testing.rootfs import make_rootfs

pytestmark = pytest.mark.requires("root", "containerd", "runc", "cgroup_v1")
LIMITS = ("--memory-limit", str(64 << 20), "--cpu-quota", "50000", "--cpu-period", "100000")
# fsync: what is dirty would be written, and counted, later
WORK = """
i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done
dd if=/dev/zero of=/file bs=4096 count=500 conv=fsync; dd if=/file of=/dev/null bs=4096 count=50 iflag=direct
sleep 1000 & echo done > /ready; exec sleep 1000
"""
CONTAINER = "worker"


@pytest.fixture
def containerd(cgroup_parent: CgroupParent, nothing_left: None) -> Iterator[Containerd]:
    """Its namespace is called like the parent of our cgroups, below which containers have theirs."""
    with (
        tempfile.TemporaryDirectory(prefix="tiffin-", dir="/var/tmp") as folder,
        running_containerd(Path(folder)) as daemon,
    ):
        yield daemon.within(cgroup_parent.name)


@pytest.fixture
def worker(containerd: Containerd) -> Iterator[int]:
    """The pid of a container that has done some work, and is frozen, so that its numbers stay."""
    rootfs = containerd.folder / "rootfs"
    make_rootfs(rootfs)
    os.mkfifo(rootfs / "ready")
    options = (*LIMITS, "--env", "PATH=/bin", "--null-io", "--detach", "--rootfs", rootfs)
    containerd("run", *options, CONTAINER, "/bin/sh", "-c", WORK)
    try:
        (rootfs / "ready").read_bytes()
        containerd("task", "pause", CONTAINER)
        rows = [line.split() for line in containerd("task", "ls").splitlines()]
        yield next(int(row[1]) for row in rows if row[0] == CONTAINER)
    finally:
        command = ["ctr", "--address", containerd.address, "--namespace", containerd.namespace]
        subprocess.run([*command, "task", "delete", "--force", CONTAINER], check=False, capture_output=True)
        containerd("container", "rm", CONTAINER)


def measured(pid: int) -> metrics_pb2.Metrics:
    manager = manager_of(cgroups_of(pid))
    assert manager is not None
    answer = measure(manager)
    assert answer.type_url == "io.containerd.cgroups.v1.Metrics"
    return metrics_pb2.Metrics.FromString(answer.value)


def numbers(tree: Any, path: str = "") -> dict[str, Any]:
    """All values of a message, by their paths."""
    if isinstance(tree, dict):
        pairs = [(f"{path}.{name}", value) for name, value in tree.items()]
    elif isinstance(tree, list):
        pairs = [(f"{path}[{index}]", value) for index, value in enumerate(tree)]
    else:
        return {path: tree}
    return {name: value for each, below in pairs for name, value in numbers(below, each).items()}


def flat(message: metrics_pb2.Metrics) -> dict[str, Any]:
    every = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return {name: int(value) if value.isdigit() else value for name, value in numbers(every).items()}


def test_all_numbers_are_the_same(containerd: Containerd, worker: int) -> None:
    """The kernel still settles some of them: theirs are between ours before and after."""
    before = flat(measured(worker))
    shown = containerd("task", "metrics", "--format", "json", CONTAINER)
    after = flat(measured(worker))
    theirs = flat(Parse(shown, metrics_pb2.Metrics()))
    assert before.keys() == theirs.keys() == after.keys()
    other = {
        name: (before[name], value, after[name])
        for name, value in theirs.items()
        if not min(before[name], after[name]) <= value <= max(before[name], after[name])
    }
    assert not other
    assert theirs[".cpu.usage.total"] > 0
    assert theirs[".memory.usage.limit"] == 64 << 20
    assert theirs[".pids.current"] == 2
    assert theirs[".blkio.io_serviced_recursive[0].value"] > 0
