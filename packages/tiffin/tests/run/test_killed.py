"""`tiffin run` killed at any moment: what it leaves is swept by the next command, whichever."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import SECONDS, Tiffin

from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.leaks import children

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "cgroup_writable")


def init_of(process: subprocess.Popen[str]) -> int:
    """A pidfd of the container's first process: the only one below `process` in another pid namespace."""
    own = os.readlink("/proc/self/ns/pid")
    pids = [process.pid]
    while pids:
        pid = pids.pop()
        if os.readlink(f"/proc/{pid}/ns/pid") != own:
            return os.pidfd_open(pid)
        for path in Path("/proc", str(pid), "task").glob("*/children"):
            pids += map(int, path.read_text().split())
    raise AssertionError("no process of the container")


def wait_for_end(descriptor: int) -> None:
    ended, _, _ = select.select([descriptor], [], [], SECONDS)
    os.close(descriptor)
    assert ended


@pytest.mark.parametrize("remove", [True, False])
def test_what_a_killed_run_leaves_is_swept_by_the_next_command(
    tiffin: Tiffin, cgroup_parent: CgroupParent, *, remove: bool
) -> None:
    flags = ["--name=orphan", *(["--rm"] if remove else [])]
    with tiffin.attended(*flags) as process:
        init = init_of(process)
        process.kill()
        process.wait(SECONDS)
        assert tiffin.states() == {"orphan": "running"}  # a container outlives its `tiffin run`
        assert tiffin.call("kill", "orphan").code == 0
        wait_for_end(init)
    assert tiffin.states() == ({} if remove else {"orphan": "ended"})
    assert not cgroup_parent.existing()
    assert tiffin.shell("echo the next one runs") == ["the next one runs"]


@pytest.mark.requires("strace")
@pytest.mark.parametrize("call", ["mkdir", "rename", "unshare", "mount"])
def test_a_run_that_is_killed_half_way_leaves_nothing_that_is_not_swept(tiffin: Tiffin, call: str) -> None:
    """Killed right before each of its calls of one kind, until it comes through."""
    tiffin.shell("true")
    for number in range(1, 40):
        inject = f"inject={call}:signal=KILL:when={number}"
        traced = ["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]
        traced += tiffin.run_words("--rm", tiffin.image, "true")
        before = children()
        code = subprocess.run(traced, env=tiffin.environment, timeout=SECONDS, check=False).returncode
        for orphan in children() - before:  # ours, since the tests are a subreaper
            os.waitpid(orphan, 0)
        assert tiffin.states() == {}
        assert sorted(path.name for path in tiffin.containers.iterdir()) == [".lock"]
        if code == 0:
            return
    raise AssertionError(f"{call} never stopped being called")


def test_ctrl_c_while_it_is_set_up_leaves_nothing(tiffin: Tiffin) -> None:
    with tiffin.attended("--rm", "--name=stays"):
        waiting = subprocess.Popen(
            tiffin.run_words("--rm", tiffin.image, "true"), env=tiffin.environment, stdout=subprocess.DEVNULL
        )
        waiting.send_signal(signal.SIGINT)
        waiting.wait(SECONDS)
        assert tiffin.states() == {"stays": "running"}
