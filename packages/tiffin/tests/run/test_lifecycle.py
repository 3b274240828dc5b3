"""Containers that are kept, in the background, stopped, killed: none leaves anything behind."""

from __future__ import annotations

import os
import select
import subprocess

import pytest
from packages.tiffin.tests.conftest import SECONDS, Tiffin

from tiffin_testing.cgroups import CgroupParent

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "cgroup_writable")


def cgroups(parent: CgroupParent) -> list[str]:
    return [path.name for path in parent.existing()]


def test_a_kept_container_is_listed_until_it_is_removed(tiffin: Tiffin, cgroup_parent: CgroupParent) -> None:
    assert tiffin.run("--name=kept", "-l", "a=b", tiffin.image, "sh", "-c", "exit 3").code == 3
    assert tiffin.states() == {"kept": "exited (3)"}
    assert tiffin.call("ps").lines[1:] == []
    assert "kept" in tiffin.call("ps", "-a").out
    assert cgroups(cgroup_parent) == []
    assert "in use" in tiffin.run("--name=kept", tiffin.image, "true").err
    assert tiffin.call("rm", "kept").lines == ["kept"]
    assert tiffin.states() == {}
    assert tiffin.call("rm", "kept").code == 1


def test_with_rm_nothing_is_left(tiffin: Tiffin, cgroup_parent: CgroupParent) -> None:
    tiffin.shell("mkdir -p /deep/er; chmod 0 /deep; dd if=/dev/zero of=/big bs=1M count=4 2>/dev/null")
    assert [path.name for path in tiffin.containers.iterdir()] == [".lock"]
    assert cgroups(cgroup_parent) == []
    state = tiffin.folder / "run"
    assert [path for path in state.rglob("*") if path.is_file()] == []


def test_one_that_runs_is_not_removed_unless_forced(tiffin: Tiffin) -> None:
    with tiffin.attended("--rm", "--name=busy") as process:
        assert tiffin.states() == {"busy": "running"}
        refused = tiffin.call("rm", "busy")
        assert refused.code == 1
        assert "tiffin rm --force busy" in refused.err
        assert tiffin.call("rm", "--force", "busy").lines == ["busy"]
        assert process.wait(SECONDS) == 137
    assert tiffin.states() == {}


def test_a_line_of_input_ends_it(tiffin: Tiffin) -> None:
    with tiffin.attended("--rm") as process:
        out, _ = process.communicate("in\n", SECONDS)
        assert (out, process.returncode) == ("got in\n", 0)


def test_signals_are_forwarded(tiffin: Tiffin) -> None:
    script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do read line; done"
    with tiffin.attended("--rm", script=script) as process:
        process.terminate()
        out, _ = process.communicate(timeout=SECONDS)
        assert (out, process.returncode) == ("caught\n", 5)


def test_stop_sends_the_stop_signal_and_then_kills(tiffin: Tiffin) -> None:
    script = "trap 'echo caught; exit 6' USR1; echo ready; while :; do read line; done"
    with tiffin.attended("--rm", "--name=polite", "--stop-signal=USR1", script=script) as process:
        assert tiffin.call("stop", "polite").code == 0
        assert process.wait(SECONDS) == 6
    with tiffin.attended("--rm", "--name=deaf") as process:  # pid 1 gets no signal that it has no handler for
        assert tiffin.call("stop", "-t", "0", "deaf").code == 0
        assert process.wait(SECONDS) == 137


def test_kill(tiffin: Tiffin) -> None:
    with tiffin.attended("--rm", "--name=victim") as process:
        assert tiffin.call("kill", "victim").lines == ["victim"]
        assert process.wait(SECONDS) == 137
    assert tiffin.call("kill", "victim").code == 1
    assert "no signal 'NONSENSE'" in tiffin.call("kill", "-s", "NONSENSE", "victim").err


def test_in_the_background(tiffin: Tiffin, cgroup_parent: CgroupParent) -> None:
    started = tiffin.run("-d", "--rm", "--name=behind", tiffin.image, "sh", "-c", "echo said; exec sleep 300")
    assert (started.code, started.out) == (0, "behind\n")
    assert tiffin.states() == {"behind": "running"}
    assert tiffin.call("logs", "behind").out in ("said\n", "")
    assert tiffin.call("stop", "--time=0", "behind").code == 0
    assert tiffin.states() == {}
    assert cgroups(cgroup_parent) == []


def test_two_at_once_want_one_name(tiffin: Tiffin) -> None:
    words = tiffin.run_words("--rm", "--name=one", "-i", tiffin.image, "cat")
    pipe = subprocess.PIPE
    both = [
        subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=tiffin.environment)
        for _ in range(2)
    ]
    loser = _first_to_end(both)
    winner = both[1 - both.index(loser)]
    assert winner.communicate("won", SECONDS)[0] == "won"
    assert winner.returncode == 0
    assert "in use" in loser.communicate(timeout=SECONDS)[1]
    assert loser.returncode == 125


def _first_to_end(processes: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    descriptors = {os.pidfd_open(process.pid): process for process in processes}
    ready, _, _ = select.select(list(descriptors), [], [], SECONDS)
    for descriptor in descriptors:
        os.close(descriptor)
    return descriptors[ready[0]]
