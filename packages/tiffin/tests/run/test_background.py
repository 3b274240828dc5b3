"""Containers in the background: their monitor keeps log and exit code, whoever is there."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import PROGRAM, SECONDS, Tiffin, wait_for_line

from tiffin_testing.cgroups import CgroupParent

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "cgroup_writable")


def start(tiffin: Tiffin, name: str, script: str = "exec sleep 300", *flags: str) -> None:
    done = tiffin.run("-d", f"--name={name}", *flags, tiffin.image, "sh", "-c", script)
    assert (done.code, done.out) == (0, f"{name}\n"), done


def test_the_exit_code_is_kept(tiffin: Tiffin) -> None:
    start(tiffin, "brief", "exit 3")
    assert tiffin.call("wait", "brief").lines == ["3"]
    assert tiffin.states() == {"brief": "exited (3)"}
    assert tiffin.call("wait", "brief").lines == ["3"]


def test_one_that_is_not_there_keeps_nobody_from_waiting(tiffin: Tiffin) -> None:
    start(tiffin, "brief", "exit 3")
    done = tiffin.call("wait", "none", "brief")
    assert (done.code, done.lines) == (1, ["3"])
    assert "'none'" in done.err


def test_stop_lets_a_paused_one_do_something_about_its_signal(tiffin: Tiffin) -> None:
    start(tiffin, "ice", "trap 'exit 6' TERM; echo ready; while :; do sleep 0.05; done")
    wait_for_line("ice", "ready", tiffin.environment)
    assert tiffin.call("pause", "ice").code == 0
    assert tiffin.call("stop", "-t", "-1", "ice").lines == ["ice"]
    assert tiffin.states() == {"ice": "exited (6)"}


def start_orphan(tiffin: Tiffin, program: Path) -> None:
    """A container whose runtime is a program of its own."""
    shutil.copy(str(shutil.which("runc")), program)
    flags = ("-d", "--name=orphan", f"--runtime={program}", f"--cgroup-parent={tiffin.cgroup_parent}")
    assert tiffin.call("run", *flags, tiffin.image, "sleep", "300").code == 0


@pytest.mark.requires("runc")
def test_a_runtime_that_was_removed_is_in_nobodys_way(tiffin: Tiffin, tmp_path: Path) -> None:
    program, away = tmp_path / "runtime", tmp_path / "away"
    start_orphan(tiffin, program)
    program.rename(away)
    assert tiffin.shell("echo works") == ["works"]
    assert tiffin.states() == {"orphan": "unknown"}
    refused = tiffin.call("rm", "--force", "orphan")
    assert (refused.code, refused.out) == (1, "")
    assert f"the runtime of this container, {program}, cannot be executed" in refused.err
    away.rename(program)
    assert tiffin.states() == {"orphan": "running"}


def test_a_damaged_container_is_in_nobodys_way(tiffin: Tiffin, cgroup_parent: CgroupParent) -> None:
    """Also after an update of tiffin, whose states may be other ones."""
    start(tiffin, "broken")
    tree = json.loads(tiffin.call("inspect", "broken").out)[0]
    pid, state = tree["pid"], Path(tree["state"]) / "broken/state"
    state.write_text("{")
    assert tiffin.states() == {"broken": "unknown"}
    (tiffin.containers / "broken/config.json").write_text("{")
    refused = tiffin.call("inspect", "broken")
    assert (refused.code, json.loads(refused.out)) == (1, [])
    assert "config.json is damaged" in refused.err
    assert tiffin.shell("echo works") == ["works"]
    assert tiffin.call("rm", "--force", "broken").code == 0
    assert not Path(f"/proc/{pid}").exists()
    cgroup_parent.remove()  # its cgroups, which nobody knows any more


@pytest.mark.requires("runc")
def test_one_of_which_nothing_is_left_needs_no_runtime(tiffin: Tiffin, tmp_path: Path) -> None:
    program = tmp_path / "runtime"
    start_orphan(tiffin, program)
    state = json.loads(tiffin.call("inspect", "orphan").out)[0]["state"]
    assert tiffin.call("kill", "orphan").code == 0
    assert tiffin.call("wait", "orphan").lines == ["137"]
    subprocess.run([program, "--root", state, "delete", "--force", "orphan"], check=False)
    program.unlink()
    assert tiffin.states() == {"orphan": "exited (137)"}
    assert tiffin.call("rm", "orphan").code == 0


def test_a_log_keeps_the_streams_apart(tiffin: Tiffin) -> None:
    start(tiffin, "talker", "echo out; echo err >&2")
    tiffin.call("wait", "talker")
    log = tiffin.call("logs", "talker")
    assert (log.out, log.err) == ("out\n", "err\n")
    assert tiffin.call("logs", "--timestamps", "talker").out.endswith("Z out\n")


def test_a_log_is_followed_to_the_end(tiffin: Tiffin) -> None:
    start(tiffin, "talker", "for i in 1 2 3; do echo $i; sleep 0.2; done")
    assert tiffin.call("logs", "--follow", "talker").lines == ["1", "2", "3"]
    assert tiffin.call("logs", "--follow", "--tail=2", "talker").lines == ["2", "3"]


def test_a_log_rotates(tiffin: Tiffin) -> None:
    flags = ("--log-opt=max-size=2k", "--log-opt", "max-file=2")
    start(tiffin, "talker", "seq 1 500", *flags)
    tiffin.call("wait", "talker")
    log = Path(json.loads(tiffin.call("inspect", "talker").out)[0]["log"])
    assert sorted(path.name for path in log.parent.iterdir()) == ["output.log", "output.log.1"]
    assert all(path.stat().st_size <= 2048 for path in log.parent.iterdir())
    lines = tiffin.call("logs", "talker").lines
    assert lines == [str(number) for number in range(int(lines[0]), 501)]


def test_attach_joins_a_container_that_runs(tiffin: Tiffin) -> None:
    start(tiffin, "reader", "while read line; do echo got $line; done; exit 5", "-i")
    done = tiffin.call("attach", "reader", stdin="one\ntwo\n")
    assert (done.code, done.out) == (5, "got one\ngot two\n")


def test_one_that_takes_no_input_is_attached_to_with_any(tiffin: Tiffin) -> None:
    start(tiffin, "closed", "while [ ! -e /tmp/go ]; do echo tick; sleep 0.05; done; exit 4")
    command, null = [str(PROGRAM), "attach", "closed"], subprocess.DEVNULL
    with subprocess.Popen(
        command, stdin=null, stdout=subprocess.PIPE, text=True, env=tiffin.environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "tick\n"
        assert tiffin.call("exec", "closed", "touch", "/tmp/go").code == 0
        process.communicate(timeout=SECONDS)
        assert process.returncode == 4


def test_only_looking(tiffin: Tiffin) -> None:
    start(tiffin, "closed", "while [ ! -e /tmp/go ]; do echo tick; sleep 0.05; done; exit 4")
    command = [str(PROGRAM), "attach", "--no-stdin", "closed"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=tiffin.environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "tick\n"
        assert tiffin.call("exec", "closed", "touch", "/tmp/go").code == 0
        process.communicate(timeout=SECONDS)
        assert process.returncode == 4


@pytest.mark.parametrize(("program", "code"), [("no-such-program", 127), ("/etc/passwd", 126)])
def test_a_program_that_cannot_be_executed(tiffin: Tiffin, program: str, code: int) -> None:
    done = tiffin.run("-d", tiffin.image, program)
    assert done.code == code
    assert tiffin.states() == {}


def test_what_needs_a_daemon_says_so(tiffin: Tiffin) -> None:
    done = tiffin.call("events")
    assert done.code == 1
    assert "--address SOCKET" in done.err
    with tiffin.attended("--rm", "--name=watched") as process:
        for verb in ("logs", "attach"):
            assert "was not started with --detach" in tiffin.call(verb, "watched").err
        process.communicate("\n", SECONDS)


def test_wait_for_one_in_the_foreground(tiffin: Tiffin) -> None:
    with tiffin.attended("--name=watched", script="echo ready; read line; exit 3") as process:
        command = [str(PROGRAM), "wait", "watched"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=tiffin.environment) as waiting:
            process.communicate("\n", SECONDS)
            assert waiting.communicate(timeout=SECONDS)[0] == "3\n"
