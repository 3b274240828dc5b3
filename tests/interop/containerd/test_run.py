"""containerd's own shim drives the runtime (BinaryName): run, exec, pause, metrics, kill, update."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.image import docker_archive
from tests.interop.peers import Client, containerd_client

pytestmark = pytest.mark.requires("root", "containerd", "runc", "busybox")

IMAGE = "docker.io/library/busybox:test"


@pytest.fixture(scope="module")
def ctr(folder: Path, rootfs_archive: Path) -> Iterator[Client]:
    with containerd_client(folder) as client:
        client(
            "images",
            "import",
            "--snapshotter",
            "native",
            str(docker_archive(rootfs_archive, folder / "image.tar", IMAGE)),
        )
        yield client


@pytest.fixture
def run(ctr: Client, runtime: Path, cgroup: str) -> tuple[str, ...]:
    """The leading arguments of `ctr run` with the subject as runc's shim's binary."""
    return ("run", "--snapshotter", "native", "--runc-binary", str(runtime), "--cgroup", f"{cgroup}/ctr")


@pytest.fixture
def task(ctr: Client, run: tuple[str, ...]) -> Iterator[str]:
    name = "sleeper"
    ctr(*run, "--detach", IMAGE, name, "sleep", "1000")
    yield name
    ctr("task", "rm", "--force", name)
    ctr("container", "rm", name)


def test_run_gives_output_and_exit_status(ctr: Client, run: tuple[str, ...]) -> None:
    assert ctr(*run, "--rm", IMAGE, "one", "echo", "hello") == "hello"
    ctr(*run, "--rm", IMAGE, "two", "sh", "-c", "exit 7", status=7)


def test_a_missing_program_is_told(ctr: Client, run: tuple[str, ...]) -> None:
    said = ctr(*run, "--rm", IMAGE, "three", "no-such-program", status=1)
    assert 'exec: "no-such-program": executable file not found in $PATH' in said


def test_flags_take_effect(ctr: Client, run: tuple[str, ...]) -> None:
    flags = ("--rm", "--env", "A=b", "--cwd", "/tmp", "--read-only", "--memory-limit", str(64 << 20))
    out = ctr(*run, *flags, IMAGE, "four", "sh", "-c", "echo $A; pwd; touch /x 2>/dev/null || echo no")
    assert out.split() == ["b", "/tmp", "no"]


def test_seccomp_of_containerd_holds(ctr: Client, run: tuple[str, ...]) -> None:
    out = ctr(
        *run,
        "--rm",
        "--seccomp",
        IMAGE,
        "five",
        "sh",
        "-c",
        "grep Seccomp: /proc/self/status; mkdir /t; mount -t tmpfs t /t || echo refused",
    )
    assert "Seccomp:\t2" in out
    assert "refused" in out


def test_exec_runs_in_the_task(ctr: Client, task: str) -> None:
    assert ctr("task", "exec", "--exec-id", "a", task, "echo", "inside") == "inside"
    ctr("task", "exec", "--exec-id", "b", task, "sh", "-c", "exit 5", status=5)
    assert ctr("task", "exec", "--exec-id", "c", "--cwd", "/tmp", task, "pwd") == "/tmp"


def test_pause_and_resume(ctr: Client, task: str) -> None:
    ctr("task", "pause", task)
    assert "PAUSED" in ctr("task", "ls")
    ctr("task", "resume", task)
    assert "RUNNING" in ctr("task", "ls")


def test_metrics_and_processes_are_seen(ctr: Client, task: str) -> None:
    assert "memory" in ctr("task", "metrics", task)
    pid = next(line.split()[1] for line in ctr("task", "ls").splitlines() if line.startswith(task))
    assert pid in ctr("task", "ps", task)


def test_kill_ends_the_task(ctr: Client, run: tuple[str, ...]) -> None:
    ctr(*run, "--detach", IMAGE, "killed", "sleep", "1000")
    waiter = subprocess.Popen(
        [*ctr.argv, "task", "attach", "killed"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    ctr("task", "kill", "--signal", "SIGKILL", "killed")
    assert waiter.wait(30) == 137
    ctr("container", "rm", "killed")
