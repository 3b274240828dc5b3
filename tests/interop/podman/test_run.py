"""podman drives the runtime: run, exec, pause, update, stats, stop, pods; the same with runc and with ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.interop.peers import Client, podman_client

pytestmark = pytest.mark.requires("root", "podman", "runc", "busybox")

LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--network", "none")
IMAGE = "localhost/busybox"


@pytest.fixture(scope="module")
def podman(runtime: Path, folder: Path, rootfs_archive: Path) -> Iterator[Client]:
    client = podman_client(runtime, folder)
    client("import", str(rootfs_archive), IMAGE)
    yield client
    client("rm", "--all", "--force", "--time", "0")
    client("pod", "rm", "--all", "--force", "--time", "0")
    client("rmi", "--all", "--force")


@pytest.fixture
def sleeper(podman: Client, cgroup: str) -> Iterator[str]:
    """A running container."""
    name = "sleeper"
    podman("run", "--detach", "--name", name, "--cgroup-parent", cgroup, *LIMITS, IMAGE, "sleep", "1000")
    yield name
    podman("rm", "--force", "--time", "0", name)


def test_run_gives_output_and_exit_status(podman: Client, cgroup: str) -> None:
    run = ("run", "--rm", "--cgroup-parent", cgroup, *LIMITS)
    assert podman(*run, IMAGE, "echo", "hello") == "hello"
    podman(*run, IMAGE, "sh", "-c", "exit 7", status=7)


def test_a_program_that_is_missing_or_not_executable_has_its_own_exit_status(
    podman: Client, cgroup: str
) -> None:
    run = ("run", "--rm", "--cgroup-parent", cgroup, *LIMITS, IMAGE)
    assert "not found" in podman(*run, "no-such-program", status=127)
    assert "ermission denied" in podman(*run, "/etc", status=126)


def test_stdin_reaches_the_container(podman: Client, cgroup: str) -> None:
    text = "line\n" * 20_000
    out = podman("run", "--rm", "-i", "--cgroup-parent", cgroup, *LIMITS, IMAGE, "wc", "-l", stdin=text)
    assert out == "20000"


def test_a_terminal_is_one(podman: Client, cgroup: str) -> None:
    out = podman(
        "run", "--rm", "-t", "--cgroup-parent", cgroup, *LIMITS, IMAGE, "sh", "-c", "tty; ls -l /dev/console"
    )
    assert "/dev/pts/0" in out
    assert "/dev/console" in out


@pytest.mark.parametrize(
    ("flags", "command", "expected"),
    [
        (("--user", "1000:1001"), "id -u; id -g", "1000\n1001"),
        (("--workdir", "/tmp"), "pwd", "/tmp"),
        (("--env", "A=b c"), "echo $A", "b c"),
        (("--hostname", "named"), "hostname", "named"),
        (("--read-only",), "touch /x 2>/dev/null || echo no", "no"),
        (("--tmpfs", "/t:size=64k"), "grep -c ' /t ' /proc/mounts", "1"),
        (("--cap-drop", "all"), "grep CapEff /proc/self/status", "CapEff:\t0000000000000000"),
        (("--security-opt", "seccomp=unconfined"), "grep Seccomp: /proc/self/status", "Seccomp:\t0"),
        (("--sysctl", "net.ipv4.ip_forward=1"), "cat /proc/sys/net/ipv4/ip_forward", "1"),
        (("--device", "/dev/fuse"), "test -c /dev/fuse && echo there", "there"),
        (("--pids-limit", "5"), "(for i in 1 2 3 4 5 6 7; do sleep 9 & done) >/dev/null 2>&1 || echo full", "full"),
    ],
)  # fmt: skip
def test_flags_take_effect(
    podman: Client, cgroup: str, flags: tuple[str, ...], command: str, expected: str
) -> None:
    out = podman("run", "--rm", "--cgroup-parent", cgroup, *LIMITS, *flags, IMAGE, "sh", "-c", command)
    assert out == expected


def test_exec_runs_in_the_container(podman: Client, sleeper: str) -> None:
    assert podman("exec", sleeper, "hostname") == podman(
        "inspect", sleeper, "--format", "{{.Config.Hostname}}"
    )
    assert podman("exec", "--user", "5:6", sleeper, "id", "-u") == "5"
    assert podman("exec", "--env", "X=y", sleeper, "sh", "-c", "echo $X") == "y"
    assert podman("exec", "--workdir", "/tmp", sleeper, "pwd") == "/tmp"
    podman("exec", sleeper, "sh", "-c", "exit 9", status=9)
    podman("exec", sleeper, "no-such-program", status=127)
    assert podman("exec", "-i", sleeper, "cat", stdin="given") == "given"
    assert podman("exec", "-t", sleeper, "tty").startswith("/dev/pts/")


def test_pause_and_unpause(podman: Client, sleeper: str) -> None:
    podman("pause", sleeper)
    assert podman("inspect", sleeper, "--format", "{{.State.Status}}") == "paused"
    podman("unpause", sleeper)
    assert podman("exec", sleeper, "echo", "awake") == "awake"


@pytest.mark.requires("cgroup_v1")
def test_update_changes_the_limits(podman: Client, sleeper: str, cgroup: str) -> None:
    podman("update", "--memory", "100m", "--cpu-shares", "300", sleeper)
    identity = podman("inspect", sleeper, "--format", "{{.Id}}")
    (memory,) = Path("/sys/fs/cgroup/memory", cgroup.lstrip("/")).glob(f"*{identity}*/memory.limit_in_bytes")
    assert int(memory.read_text()) == 100 << 20


def test_stats_and_top_see_the_processes(podman: Client, sleeper: str) -> None:
    (stats,) = json.loads(podman("stats", "--no-stream", "--format", "json", sleeper))
    assert stats["pids"] == "1"
    assert "sleep 1000" in podman("top", sleeper, "args")


def test_stop_and_start_again(podman: Client, sleeper: str) -> None:
    podman("stop", "--time", "0", sleeper)
    assert podman("inspect", sleeper, "--format", "{{.State.Status}} {{.State.ExitCode}}") == "exited 137"
    podman("start", sleeper)
    assert podman("exec", sleeper, "echo", "again") == "again"


def test_containers_of_a_pod_share_namespaces(podman: Client, cgroup: str) -> None:
    podman("pod", "create", "--infra=false", "--cgroup-parent", cgroup, "--name", "pod")
    run = ("run", "--pod", "pod", *LIMITS)
    podman(*run, "--detach", "--name", "first", IMAGE, "sleep", "1000")
    theirs = podman("exec", "first", "readlink", "/proc/self/ns/ipc")
    assert podman(*run, "--rm", "--ipc", "container:first", IMAGE, "readlink", "/proc/self/ns/ipc") == theirs
    podman("pod", "rm", "--force", "--time", "0", "pod")
