"""dockerd starts containers with the runtime that `--add-runtime` names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.image import docker_archive
from tests.interop.peers import Client, dockerd_client

pytestmark = pytest.mark.requires("root", "dockerd", "runc", "busybox")

IMAGE = "busybox:test"
RUN = ("run", "--runtime", "subject", "--network", "none")


@pytest.fixture(scope="module")
def docker(runtime: Path, folder: Path, rootfs_archive: Path, cgroup: str) -> Iterator[Client]:
    with dockerd_client(runtime, folder, cgroup) as client:
        client("load", "--input", str(docker_archive(rootfs_archive, folder / "image.tar", IMAGE)))
        yield client


@pytest.fixture
def sleeper(docker: Client) -> Iterator[str]:
    docker(*RUN, "--detach", "--name", "sleeper", IMAGE, "sleep", "1000")
    yield "sleeper"
    docker("rm", "--force", "sleeper")


def test_run_gives_output_and_exit_status(docker: Client) -> None:
    assert docker(*RUN, "--rm", IMAGE, "echo", "hello") == "hello"
    docker(*RUN, "--rm", IMAGE, "sh", "-c", "exit 7", status=7)


def test_the_errors_that_docker_reads_have_their_exit_status(docker: Client) -> None:
    assert "executable file not found in $PATH" in docker(*RUN, "--rm", IMAGE, "no-such-program", status=127)
    assert "permission denied" in docker(*RUN, "--rm", IMAGE, "/etc", status=126)


def test_limits_and_flags_take_effect(docker: Client) -> None:
    flags = (
        "--memory",
        "64m",
        "--cpus",
        "0.5",
        "--pids-limit",
        "9",
        "--user",
        "5:6",
        "--read-only",
        "--hostname",
        "named",
        "--tmpfs",
        "/t",
    )
    out = docker(
        *RUN,
        "--rm",
        *flags,
        IMAGE,
        "sh",
        "-c",
        "id -u; hostname; touch /x 2>/dev/null || echo no; touch /t/x && echo yes",
    )
    assert out.split() == ["5", "named", "no", "yes"]


def test_added_capabilities_allow_mounts(docker: Client) -> None:
    flags = (
        "--cap-add",
        "SYS_ADMIN",
        "--security-opt",
        "seccomp=unconfined",
        "--security-opt",
        "apparmor=unconfined",
    )
    out = docker(
        *RUN, "--rm", *flags, IMAGE, "sh", "-c", "mkdir -p /t && mount -t tmpfs t /t && echo mounted"
    )
    assert out == "mounted"


def test_a_terminal_is_one(docker: Client) -> None:
    assert "/dev/pts/0" in docker(*RUN, "--rm", "--tty", IMAGE, "tty")


def test_exec_and_its_exit_status(docker: Client, sleeper: str) -> None:
    assert docker("exec", sleeper, "echo", "inside") == "inside"
    docker("exec", sleeper, "sh", "-c", "exit 5", status=5)
    assert docker("exec", "--interactive", sleeper, "cat", stdin="given") == "given"
    assert "executable file not found" in docker("exec", sleeper, "no-such-program", status=126)


def test_pause_update_stats_and_top(docker: Client, sleeper: str) -> None:
    docker("pause", sleeper)
    assert docker("inspect", "--format", "{{.State.Status}}", sleeper) == "paused"
    docker("unpause", sleeper)
    docker("update", "--memory", "100m", "--memory-swap", "200m", sleeper)
    stats = json.loads(docker("stats", "--no-stream", "--format", "{{json .}}", sleeper))
    assert stats["MemUsage"].endswith("/ 100MiB")
    assert "sleep 1000" in docker("top", sleeper)


def test_stop_and_start_again(docker: Client, sleeper: str) -> None:
    docker("stop", "--time", "0", sleeper)
    assert docker("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", sleeper) == "exited 137"
    docker("start", sleeper)
    assert docker("exec", sleeper, "echo", "again") == "again"


def test_a_container_that_runs_out_of_memory_is_told_as_such(docker: Client) -> None:
    docker(
        *RUN,
        "--name",
        "greedy",
        "--memory",
        "16m",
        "--memory-swap",
        "16m",
        IMAGE,
        "sh",
        "-c",
        "exec tail /dev/zero",
        status=137,
    )
    try:
        assert docker("inspect", "--format", "{{.State.OOMKilled}}", "greedy") == "true"
    finally:
        docker("rm", "--force", "greedy")
