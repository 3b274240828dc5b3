"""The other verbs on a manager's socket, and what is wrong with sockets."""

from __future__ import annotations

import json
import os
import select
import shlex
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from packages.tiffin.tests.conftest import PROGRAM, SECONDS
from packages.tiffin.tests.managed.conftest import NAME, Managed

from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.loop import Loop
from tiffin.manager.client.client import Client
from tiffin.runtime.errors import Unavailable

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs", "containerd", "cgroup_writable")


def test_ps_lists_those_that_run(managed: Managed) -> None:
    managed.start("runs")
    managed.start("ended", "exit 2")
    managed.call("wait", "ended")
    assert managed.call("ps", "-q").lines == ["runs"]
    assert managed.states() == {"runs": "running", "ended": "exited (2)"}
    assert NAME in managed.call("ps").out


def test_stop_sends_the_stop_signal_and_then_kills(managed: Managed) -> None:
    script = "trap 'exit 6' USR1; echo ready; while :; do sleep 0.05; done"
    managed.start_ready("polite", script, "--stop-signal=USR1")
    managed.start("deaf")  # the first process of a pid namespace gets no signal that it has no handler for
    assert managed.call("stop", "-t", "30", "polite").lines == ["polite"]
    assert managed.call("stop", "-t", "0", "deaf").lines == ["deaf"]
    assert managed.states() == {"polite": "exited (6)", "deaf": "exited (137)"}


def test_stop_lets_a_paused_one_do_something_about_its_signal(managed: Managed) -> None:
    script = "trap 'exit 6' TERM; echo ready; while :; do sleep 0.05; done"
    managed.start_ready("ice", script, "--stop-timeout=-1")
    assert managed.call("pause", "ice").code == 0
    assert managed.call("stop", "ice").lines == ["ice"]
    assert managed.states() == {"ice": "exited (6)"}


def test_stop_signals_of_images_with_systemd(managed: Managed) -> None:
    managed.start("unit", "exec sleep 300", "--stop-signal=SIGRTMIN+3")
    assert managed.call("stop", "-t", "0", "unit").lines == ["unit"]


def test_labels_of_others_remove_no_folder(managed: Managed, tmp_path: Path) -> None:
    """Whoever makes an image, or a container, could say what our root removes."""
    kept, own = tmp_path / "kept", tmp_path / "store/managed/default"
    (own / "other/x").mkdir(parents=True)
    kept.mkdir()
    for number, folder in enumerate((kept, own / "other/x", f"{own}/forged-2/..", own)):
        name = f"forged-{number}"
        labels = (f"tiffin/folder={folder}", "tiffin/stop-timeout=soon")
        managed.ctr("containers", "create", "--label", labels[0], "--label", labels[1], NAME, name)
        assert managed.call("stop", name).code == 0
        assert managed.call("rm", name).lines == [name]
    assert kept.exists()
    assert (own / "other/x").exists()


def test_labels_of_others_show_no_file(managed: Managed, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    label = f"tiffin/log=file://{tmp_path}/secret"
    managed.ctr("containers", "create", "--label", label, NAME, "forged")
    done = managed.call("logs", "forged")
    assert (done.code, done.out) == (125, "")
    assert "has no log here" in done.err


def test_what_a_killed_run_has_left_is_in_nobodys_way(managed: Managed, tmp_path: Path) -> None:
    managed.start("twice", "exec sleep 300", "-it")
    (folder,) = (tmp_path / "store/managed/default/twice").iterdir()
    kept = tmp_path / "store/managed/default/twice/kept"
    folder.rename(kept)
    assert managed.call("rm", "--force", "twice").code == 0
    managed.start("twice", "exec sleep 300", "-it")
    assert managed.call("rm", "--force", "twice").code == 0
    shutil.rmtree(kept)


def test_one_that_is_not_there_keeps_nobody_from_waiting(managed: Managed) -> None:
    managed.start("brief", "exit 4")
    done = managed.call("wait", "none", "brief")
    assert (done.code, done.lines) == (1, ["4"])
    assert "none" in done.err


def test_kill(managed: Managed) -> None:
    managed.start("victim")
    assert managed.call("kill", "victim").lines == ["victim"]
    assert managed.call("wait", "victim").lines == ["137"]
    assert managed.call("kill", "victim").code == 1


def test_pause_and_unpause(managed: Managed) -> None:
    managed.start("ice")
    assert managed.call("pause", "ice").lines == ["ice"]
    assert managed.states() == {"ice": "paused"}
    assert managed.call("unpause", "ice").lines == ["ice"]
    assert managed.states() == {"ice": "running"}


def test_top_and_stats(managed: Managed) -> None:
    managed.start_ready("busy", "sleep 301 & echo ready; while :; do :; done", "--memory=64m")
    assert "sleep 301" in managed.call("top", "busy").out
    assert managed.call("top", "busy", "-o", "pid,args").lines[0].split() == ["PID", "COMMAND"]
    (row,) = json.loads(managed.call("stats", "--no-stream", "--json").out)
    assert row["name"] == "busy"
    assert row["cpu_percent"] > 10
    assert row["memory"] > 1000
    assert row["memory_limit"] == 64 * 1024 * 1024
    assert row["pids"] == 2


def test_files_go_in_and_out(managed: Managed, tmp_path: Path) -> None:
    script = "mkdir -p /d/e; echo inside >/d/e/f; ln -s /etc /d/l; echo ready; exec sleep 300"
    managed.start_ready("box", script)
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/file").write_text("outside\n")
    assert managed.call("cp", tmp_path / "tree", "box:/tmp").code == 0
    assert managed.call("exec", "box", "cat", "/tmp/tree/sub/file").out == "outside\n"
    assert managed.call("cp", "box:/d", tmp_path / "copied").code == 0
    assert (tmp_path / "copied/e/f").read_text() == "inside\n"
    assert os.readlink(tmp_path / "copied/l") == "/etc"


def test_archives_go_in_and_out(managed: Managed, tmp_path: Path) -> None:
    managed.start_ready("box", "mkdir -p /d/e; echo inside >/d/e/f; echo ready; exec sleep 300")
    program = shlex.join(managed.words("cp"))
    both = f"{program} box:/d - | {program} - box:/tmp"
    done = subprocess.run(["sh", "-c", both], env=managed.environment, timeout=SECONDS, check=False)
    assert done.returncode == 0
    assert managed.call("exec", "box", "cat", "/tmp/d/e/f").out == "inside\n"
    assert managed.call("cp", "-", "box:/none", stdin="").code == 1
    assert managed.call("cp", "-", "-").code == 125


def test_events_tell_what_happens(managed: Managed) -> None:
    command = managed.words("events", "--json", "--filter", "/images/create", "--filter", "/tasks/start")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=managed.environment) as process:
        assert process.stdout is not None
        try:
            _make_events_until_one_comes(managed, process.stdout.fileno())
            managed.start("told")
            topics = set()
            for line in process.stdout:
                event = json.loads(line)
                topics.add(event["topic"])
                assert event["namespace"] == "default"
                if event["event"].get("container_id") == "told":
                    break
            assert topics == {"/images/create", "/tasks/start"}
        finally:
            process.terminate()


def _make_events_until_one_comes(managed: Managed, descriptor: int) -> None:
    """Nobody tells when a subscription has begun but the events themselves."""
    for _ in range(100):
        name = f"docker.io/library/{uuid.uuid4().hex}:1"
        managed.ctr("images", "tag", NAME, name)
        managed.ctr("images", "rm", name)
        if select.select([descriptor], [], [], 0.2)[0]:
            return
    raise AssertionError("no event came")


def call(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words], capture_output=True, text=True, timeout=SECONDS, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_a_socket_that_is_not_there(tmp_path: Path) -> None:
    done = call("--address", str(tmp_path / "none.sock"), "ps")
    assert done.returncode == 125
    assert "start tiffind or containerd" in done.stderr
    (tmp_path / "file").write_text("")
    assert "is no socket" in call("ps", TIFFIN_ADDRESS=str(tmp_path / "file")).stderr


def test_a_manager_that_cannot_now_is_not_said_to_be_away(managed: Managed) -> None:
    async def busy(client: Client) -> None:
        raise Unavailable(f"no space left for {client.session.namespace}")

    with Loop(managed.address, "default") as loop, pytest.raises(CommandFailed) as caught:
        loop.run(busy)
    wanted = f"the manager at {managed.address} cannot do that now: no space left for default"
    assert str(caught.value) == wanted


def test_nobody_listens(tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
    done = call("--address", str(tmp_path / "s"), "ps")
    assert done.returncode == 125
    assert "no manager answers" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_commands_that_no_manager_does(tmp_path: Path) -> None:
    done = call("--address", str(tmp_path / "s"), "demo")
    assert done.returncode == 125
    assert "works without a manager only" in done.stderr
    assert "needs a value" in call("--address").stderr
