"""Containers that are kept, in the background, stopped, killed, swept: none leaves anything behind."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import SECONDS, Tiffin

from tiffin_testing.cgroups import CgroupParent
from tiffin_testing.leaks import children

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "cgroup_writable")

WAIT = "echo ready; read line; echo got $line"


@contextmanager
def attended(tiffin: Tiffin, *words: str, script: str = WAIT) -> Iterator[subprocess.Popen[str]]:
    """A `tiffin run` whose container is ready, and waits for a line."""
    command = tiffin.run_words("-i", *words, tiffin.image, "sh", "-c", script)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=tiffin.environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def states(tiffin: Tiffin) -> dict[str, str]:
    return {row["name"]: row["status"] for row in json.loads(tiffin.call("ps", "--all", "--json").out)}


def cgroups(parent: CgroupParent) -> list[str]:
    return [path.name for path in parent.existing()]


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


def test_a_kept_container_is_listed_until_it_is_removed(tiffin: Tiffin, cgroup_parent: CgroupParent) -> None:
    assert tiffin.run("--name=kept", "-l", "a=b", tiffin.image, "sh", "-c", "exit 3").code == 3
    assert states(tiffin) == {"kept": "exited (3)"}
    assert tiffin.call("ps").lines[1:] == []
    assert "kept" in tiffin.call("ps", "-a").out
    assert cgroups(cgroup_parent) == []
    assert "in use" in tiffin.run("--name=kept", tiffin.image, "true").err
    assert tiffin.call("rm", "kept").lines == ["kept"]
    assert states(tiffin) == {}
    assert tiffin.call("rm", "kept").code == 1


def test_with_rm_nothing_is_left(tiffin: Tiffin, cgroup_parent: CgroupParent) -> None:
    tiffin.shell("mkdir -p /deep/er; chmod 0 /deep; dd if=/dev/zero of=/big bs=1M count=4 2>/dev/null")
    assert [path.name for path in tiffin.containers.iterdir()] == [".lock"]
    assert cgroups(cgroup_parent) == []
    state = tiffin.folder / "run"
    assert [path for path in state.rglob("*") if path.is_file()] == []


def test_one_that_runs_is_not_removed_unless_forced(tiffin: Tiffin) -> None:
    with attended(tiffin, "--rm", "--name=busy") as process:
        assert states(tiffin) == {"busy": "running"}
        refused = tiffin.call("rm", "busy")
        assert refused.code == 1
        assert "tiffin rm --force busy" in refused.err
        assert tiffin.call("rm", "--force", "busy").lines == ["busy"]
        assert process.wait(SECONDS) == 137
    assert states(tiffin) == {}


def test_a_line_of_input_ends_it(tiffin: Tiffin) -> None:
    with attended(tiffin, "--rm") as process:
        out, _ = process.communicate("in\n", SECONDS)
        assert (out, process.returncode) == ("got in\n", 0)


def test_signals_are_forwarded(tiffin: Tiffin) -> None:
    script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do read line; done"
    with attended(tiffin, "--rm", script=script) as process:
        process.terminate()
        out, _ = process.communicate(timeout=SECONDS)
        assert (out, process.returncode) == ("caught\n", 5)


def test_stop_sends_the_stop_signal_and_then_kills(tiffin: Tiffin) -> None:
    script = "trap 'echo caught; exit 6' USR1; echo ready; while :; do read line; done"
    with attended(tiffin, "--rm", "--name=polite", "--stop-signal=USR1", script=script) as process:
        assert tiffin.call("stop", "polite").code == 0
        assert process.wait(SECONDS) == 6
    with attended(
        tiffin, "--rm", "--name=deaf"
    ) as process:  # pid 1 gets no SIGTERM that it has no handler for
        assert tiffin.call("stop", "-t", "0", "deaf").code == 0
        assert process.wait(SECONDS) == 137


def test_kill(tiffin: Tiffin) -> None:
    with attended(tiffin, "--rm", "--name=victim") as process:
        assert tiffin.call("kill", "victim").lines == ["victim"]
        assert process.wait(SECONDS) == 137
    assert tiffin.call("kill", "victim").code == 1
    assert "no signal 'NONSENSE'" in tiffin.call("kill", "-s", "NONSENSE", "victim").err


def test_in_the_background(tiffin: Tiffin, cgroup_parent: CgroupParent) -> None:
    started = tiffin.run("-d", "--rm", "--name=behind", tiffin.image, "sh", "-c", "echo said; exec sleep 300")
    assert (started.code, started.out) == (0, "behind\n")
    assert states(tiffin) == {"behind": "running"}
    assert tiffin.call("logs", "behind").out in ("said\n", "")
    assert tiffin.call("stop", "--time=0", "behind").code == 0
    assert states(tiffin) == {}
    assert cgroups(cgroup_parent) == []


@pytest.mark.parametrize("remove", [True, False])
def test_what_a_killed_run_leaves_is_swept_by_the_next_command(
    tiffin: Tiffin, cgroup_parent: CgroupParent, *, remove: bool
) -> None:
    flags = ["--name=orphan", *(["--rm"] if remove else [])]
    with attended(tiffin, *flags) as process:
        init = init_of(process)
        process.kill()
        process.wait(SECONDS)
        assert states(tiffin) == {"orphan": "running"}  # a container outlives its `tiffin run`
        assert tiffin.call("kill", "orphan").code == 0
        wait_for_end(init)
    assert states(tiffin) == ({} if remove else {"orphan": "ended"})
    assert cgroups(cgroup_parent) == []
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
        assert states(tiffin) == {}
        assert sorted(path.name for path in tiffin.containers.iterdir()) == [".lock"]
        if code == 0:
            return
    raise AssertionError(f"{call} never stopped being called")


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


def test_ctrl_c_while_it_is_set_up_leaves_nothing(tiffin: Tiffin) -> None:
    with attended(tiffin, "--rm", "--name=stays"):
        waiting = subprocess.Popen(
            tiffin.run_words("--rm", tiffin.image, "true"), env=tiffin.environment, stdout=subprocess.DEVNULL
        )
        waiting.send_signal(signal.SIGINT)
        waiting.wait(SECONDS)
        assert states(tiffin) == {"stays": "running"}
