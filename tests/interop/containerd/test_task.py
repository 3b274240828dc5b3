"""ctr task: exec, pause, resume, metrics, ps, kill, delete, checkpoint."""

from __future__ import annotations

import json
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest
from tests.interop.client import Size

if TYPE_CHECKING:
    from tests.interop.client import Client

pytestmark = pytest.mark.requires("root", "containerd", "ctr", "runc", "busybox")

IMAGE = "docker.io/library/busybox:test"


def status_of(ctr: Client, task: str) -> tuple[str, str]:
    """The pid and the status that containerd knows of a task."""
    rows = [line.split() for line in ctr("task", "ls").splitlines()]
    return next((row[1], row[2]) for row in rows if row[0] == task)


def run_in(ctr: Client, task: str, script: str, *flags: str, status: int = 0) -> str:
    """ctr's exec of a shell. Its output is not for tests: ctr loses that of a process that ends too soon."""
    return ctr("task", "exec", "--exec-id", uuid.uuid4().hex, *flags, task, "sh", "-c", script, status=status)


def test_exec_runs_in_the_task(ctr: Client, task: str) -> None:
    run_in(ctr, task, "exit 5", status=5)
    run_in(ctr, task, "test $(pwd) = /tmp && test $(id -u) = 5", "--cwd", "/tmp", "--user", "5")
    said = ctr("task", "exec", "--exec-id", "missing", task, "/nope", status=1)
    assert "no such file" in said


def test_exec_has_a_terminal(ctr: Client, task: str) -> None:
    script = "test $(tty) = /dev/pts/0 || exit 1; until stty size | grep -q '33 99'; do :; done; exit 3"
    flags = ("--exec-id", "terminal", "--tty")
    ctr.on_terminal("task", "exec", *flags, task, "sh", "-c", script, status=3, size=Size(33, 99))


def test_a_detached_exec_is_killed_alone(ctr: Client, task: str) -> None:
    script = "mkfifo /started; echo yes > /started; exec sleep 1000"
    ctr("task", "exec", "--detach", "--exec-id", "long", task, "sh", "-c", script)
    run_in(ctr, task, "until test -p /started; do :; done; cat /started")
    ctr("task", "kill", "--exec-id", "long", "--signal", "SIGKILL", task)
    run_in(ctr, task, "while pidof sleep | grep -q ' '; do :; done")
    assert status_of(ctr, task)[1] == "RUNNING"


def test_pause_and_resume(ctr: Client, task: str) -> None:
    ctr("task", "pause", task)
    assert status_of(ctr, task)[1] == "PAUSED"
    ctr("task", "resume", task)
    assert status_of(ctr, task)[1] == "RUNNING"


def test_metrics_and_processes_are_seen(ctr: Client, task: str) -> None:
    metrics = json.loads(ctr("task", "metrics", "--format", "json", task))
    assert metrics["pids"]["current"] >= 1
    assert metrics["memory"]["usage"]["usage"] > 0
    assert ctr("task", "ps", task).splitlines()[1].split()[0] == status_of(ctr, task)[0]


def test_a_running_task_is_deleted_by_force_only(ctr: Client, run: tuple[str, ...]) -> None:
    ctr(*run, "--detach", IMAGE, "stubborn", "sleep", "1000")
    ctr("task", "delete", "stubborn", status=1)
    ctr("task", "delete", "--force", "stubborn")
    ctr("container", "rm", "stubborn")


@pytest.mark.parametrize(("signal", "status"), [("SIGKILL", 137), ("SIGUSR1", 138)])
def test_kill_ends_the_task(ctr: Client, run: tuple[str, ...], signal: str, status: int) -> None:
    script = 'trap "exit 138" USR1; mkfifo /ready; echo yes > /ready; sleep 1000 & wait'
    ctr(*run, "--detach", IMAGE, "killed", "sh", "-c", script)
    run_in(ctr, "killed", "until test -p /ready; do :; done; cat /ready")
    waiter = subprocess.Popen(
        [*ctr.argv, "task", "attach", "killed"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    ctr("task", "kill", "--signal", signal, "killed")
    assert waiter.wait(30) == status
    ctr("container", "rm", "killed")


def test_a_checkpoint_that_criu_cannot_make_leaves_the_task_running(ctr: Client, task: str) -> None:
    """Debian's criu 3.17 does not know the layout of this kernel's vDSO: neither with runc nor with ours."""
    ctr("task", "checkpoint", task, status=1)
    assert status_of(ctr, task)[1] == "RUNNING"
    run_in(ctr, task, "true")
