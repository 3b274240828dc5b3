"""The leak check itself: what was killed, and has not come to die of it yet, is no leak."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.leaks import is_dying

pytestmark = pytest.mark.requires("root", "cgroup_v1")


def test_a_process_that_was_killed_is_dying(cgroup_parent: CgroupParent) -> None:
    """One that is frozen dies only when it is thawed, as one that gets no processor does when it gets one."""
    cgroup = Path(f"/sys/fs/cgroup/freezer{cgroup_parent.path_for('dying')}")
    cgroup.mkdir(parents=True)
    state = cgroup / "freezer.state"
    with subprocess.Popen(["sleep", "1000"]) as child:
        (cgroup / "cgroup.procs").write_text(str(child.pid))
        state.write_text("FROZEN")
        while state.read_text() != "FROZEN\n":
            os.sched_yield()
        assert not is_dying(child.pid)
        child.kill()
        assert is_dying(child.pid)
        state.write_text("THAWED")
        assert child.wait(60) == -signal.SIGKILL
    cgroup.rmdir()
