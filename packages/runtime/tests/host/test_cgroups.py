"""Reading mountinfo and membership: on files as other layouts have them (this machine has only one)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tiffin.runtime.host import cgroups

UNIFIED = "35 24 0:30 / {mount} rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
MEMORY = "36 25 0:31 / {mount} rw,nosuid - cgroup cgroup rw,memory\n"
CPU = "37 25 0:32 /inside {mount} rw,nosuid - cgroup cgroup rw,cpu,cpuacct\n"
OTHER = "38 25 0:33 / /tmp rw - tmpfs tmpfs rw\n"


def host(folder: Path, mountinfo: str, membership: str) -> Path:
    proc = folder / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self/mountinfo").write_text(mountinfo)
    (proc / "self/cgroup").write_text(membership)
    return proc


def test_a_unified_host(tmp_path: Path) -> None:
    mount = tmp_path / "cgroup"
    (mount / "user.slice").mkdir(parents=True)
    (mount / "cgroup.controllers").write_text("cpu memory pids\n")
    elsewhere = UNIFIED.format(mount=tmp_path / "bind")  # the same hierarchy, seen twice
    info = UNIFIED.format(mount=mount) + OTHER + elsewhere
    found = cgroups.hierarchies(host(tmp_path, info, "0::/user.slice\n"))
    assert found == [cgroups.Hierarchy(2, mount, frozenset({"cpu", "memory", "pids"}), mount / "user.slice")]


def test_a_version_1_host_with_joint_controllers_and_another_root(tmp_path: Path) -> None:
    memory, cpu = tmp_path / "memory", tmp_path / "cpu,cpuacct"
    (cpu / "job").mkdir(parents=True)
    memory.mkdir()
    info = MEMORY.format(mount=memory) + CPU.format(mount=cpu)
    found = cgroups.hierarchies(host(tmp_path, info, "4:cpu,cpuacct:/inside/job\n3:memory:/gone\n"))
    assert [(each.version, each.controllers, each.own) for each in found] == [
        (1, frozenset({"memory"}), memory),
        (1, frozenset({"cpu", "cpuacct"}), cpu / "job"),
    ]


@pytest.mark.requires("root", "cgroup_v1")
def test_this_machines_memory_controller_is_where_the_kernel_says() -> None:
    finding = cgroups.controller("memory")
    assert finding.available
    assert (Path(finding.detail.partition(", ")[2]) / "memory.limit_in_bytes").exists()


def test_a_probe_beside_another_one_of_our_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of another thread, or in another pid namespace."""
    own = cgroups.Hierarchy(2, tmp_path, frozenset(), tmp_path)
    monkeypatch.setattr(cgroups, "hierarchies", lambda: [own])
    (tmp_path / f"tiffin-probe-{os.getpid()}").mkdir()
    assert cgroups.writable().available
    assert [path.name for path in tmp_path.iterdir()] == [f"tiffin-probe-{os.getpid()}"]
