"""Cgroups of a session are removed whatever is in them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tiffin_testing.cgroups import CgroupParent, hierarchies, remove_stale

pytestmark = pytest.mark.requires("root", "cgroup_v1")


def frozen(parent: CgroupParent) -> subprocess.Popen[bytes]:
    """A process in the parent's cgroups of all hierarchies, which does not run."""
    process = subprocess.Popen(["sleep", "1000"])
    for point in hierarchies():
        folder = point / parent.name / "container"
        folder.mkdir(parents=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if (folder / name).exists():
                (folder.parent / name).write_text((point / name).read_text())
                (folder / name).write_text((point / name).read_text())
        (folder / "cgroup.procs").write_text(str(process.pid))
    (freezer,) = [each for each in parent.existing() if (each / "freezer.state").exists()]
    (freezer / "freezer.state").write_text("FROZEN")
    return process


def test_what_is_frozen_is_ended() -> None:
    parent = CgroupParent()
    process = frozen(parent)
    parent.remove()
    assert process.wait(30) == -9
    assert not parent.existing()


def test_a_killed_session_with_something_frozen_is_no_burden() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    parent = CgroupParent(f"tiffin-test-{ended.pid}-000000")
    process = frozen(parent)
    remove_stale()
    assert process.wait(30) == -9
    assert not [point for point in hierarchies() if Path(point, parent.name).exists()]
