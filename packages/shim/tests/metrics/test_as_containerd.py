"""Our metrics of a container of the real shim are those that `ctr task metrics` shows, to the last number."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import Parse

from tiffin.api.cgroups.v1 import metrics_pb2
from tiffin.shim.metrics.messages import measure
from tiffin.shim.tasks.cgroups import cgroups_of, manager_of
from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.containerd import Containerd, running_containerd
from tiffin_testing.rootfs import make_rootfs

pytestmark = pytest.mark.requires("root", "containerd", "runc", "cgroup_v1")
LIMITS = ("--memory-limit", str(64 << 20), "--cpu-quota", "50000", "--cpu-period", "100000")
WORK = """
i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done
dd if=/dev/zero of=/file bs=4096 count=500; dd if=/file of=/dev/null bs=4096 count=50 iflag=direct
sleep 1000 & echo done > /ready; sleep 1000
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


def test_all_numbers_are_the_same(containerd: Containerd, worker: int) -> None:
    manager = manager_of(cgroups_of(worker))
    assert manager is not None
    answer = measure(manager)
    shown: dict[str, Any] = json.loads(containerd("task", "metrics", "--format", "json", CONTAINER))
    theirs = Parse(json.dumps(shown), metrics_pb2.Metrics())
    ours = metrics_pb2.Metrics()
    assert answer.type_url == "io.containerd.cgroups.v1.Metrics"
    ours.ParseFromString(answer.value)
    assert ours == theirs
    assert ours.cpu.usage.total > 0
    assert ours.memory.usage.limit == 64 << 20
    assert ours.pids.current == 3
