"""What docker does to a container that runs: exec, pause, update, stats, top, stop, restart, health, checkpoints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.interop.client import Size
from tests.interop.dockerd.events import wait_for_events

if TYPE_CHECKING:
    from tests.interop.client import Client

pytestmark = pytest.mark.requires("root", "dockerd", "docker", "runc", "busybox")

IMAGE = "busybox:test"
RUN = ("run", "--runtime", "subject", "--network", "none", "--detach")
READY = "until test -p /ready; do :; done; cat /ready"


def status_of(docker: Client, name: str) -> str:
    return docker("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", name)


def test_exec_and_its_exit_status(docker: Client, sleeper: str) -> None:
    flags = ("--user", "5", "--env", "X=y", "--workdir", "/tmp")
    assert docker("exec", *flags, sleeper, "sh", "-c", "id -u; echo $X; pwd").split() == ["5", "y", "/tmp"]
    assert docker("exec", "--interactive", sleeper, "cat", stdin="given") == "given"
    docker("exec", sleeper, "sh", "-c", "exit 5", status=5)
    assert "executable file not found" in docker("exec", sleeper, "no-such-program", status=126)


def test_exec_has_a_terminal(docker: Client, sleeper: str) -> None:
    script = "tty; until stty size | grep '33 99'; do :; done; exit 3"
    flags = ("--interactive", "--tty")
    seen = docker.on_terminal("exec", *flags, sleeper, "sh", "-c", script, status=3, size=Size(33, 99))
    assert seen.strip("\0").splitlines()[0] == "/dev/pts/0"


def test_exec_detached_goes_on_alone(docker: Client, sleeper: str) -> None:
    docker("exec", sleeper, "mkfifo", "/done")
    docker("exec", "--detach", sleeper, "sh", "-c", "echo well > /done")
    assert docker("exec", sleeper, "cat", "/done") == "well"


def test_pause_and_unpause(docker: Client, sleeper: str) -> None:
    docker("pause", sleeper)
    assert status_of(docker, sleeper) == "paused 0"
    docker("exec", sleeper, "true", status=1)
    docker("unpause", sleeper)
    assert docker("exec", sleeper, "echo", "awake") == "awake"


@pytest.mark.requires("cgroup_v1")
def test_update_changes_the_limits_at_once(docker: Client, sleeper: str) -> None:
    docker(
        "update", "--memory", "80m", "--memory-swap", "90m", "--cpus", "0.7", "--cpu-shares", "99",
        "--cpuset-cpus", "1", "--pids-limit", "50", sleeper,
    )  # fmt: skip
    files = (
        "memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes", "cpu/cpu.cfs_quota_us", "cpu/cpu.shares",
        "cpuset/cpuset.cpus", "pids/pids.max",
    )  # fmt: skip
    seen = docker("exec", sleeper, "sh", "-c", f"cd /sys/fs/cgroup; cat {' '.join(files)}")
    assert seen.split() == [str(80 << 20), str(90 << 20), "70000", "99", "1", "50"]


def test_stats_and_top_see_the_processes(docker: Client, sleeper: str) -> None:
    docker("update", "--memory", "100m", "--memory-swap", "200m", sleeper)
    stats = json.loads(docker("stats", "--no-stream", "--format", "{{json .}}", sleeper))
    assert stats["MemUsage"].endswith("/ 100MiB")
    assert stats["PIDs"] == "1"
    pid = docker("inspect", "--format", "{{.State.Pid}}", sleeper)
    assert docker("top", sleeper, "-o", "pid,args").splitlines()[1].split() == [pid, "sleep", "1000"]


def test_stop_start_and_restart(docker: Client, sleeper: str) -> None:
    docker("stop", "--time", "0", sleeper)
    assert status_of(docker, sleeper) == "exited 137"
    docker("start", sleeper)
    docker("restart", "--time", "0", sleeper)
    assert docker("exec", sleeper, "echo", "again") == "again"


def test_logs_signals_and_wait(docker: Client) -> None:
    script = 'trap "exit 9" USR1; echo out; echo err >&2; mkfifo /ready; echo yes > /ready; sleep 1000 & wait'
    docker(*RUN, "--name", "talker", IMAGE, "sh", "-c", script)
    docker("exec", "talker", "sh", "-c", READY)
    docker("kill", "--signal", "USR1", "talker")
    assert docker("wait", "talker") == "9"
    assert sorted(docker("logs", "talker").split()) == ["err", "out"]  # until its end dockerd may still copy
    docker("rm", "talker")


def test_a_container_that_fails_is_started_again(docker: Client) -> None:
    docker(*RUN, "--name", "failing", "--restart", "on-failure:2", IMAGE, "false")
    wait_for_events(docker, 3, "event=die", "container=failing")
    assert docker("inspect", "--format", "{{.RestartCount}}", "failing") == "2"
    docker("rm", "--force", "failing")


def test_a_created_container_is_started_or_removed(docker: Client) -> None:
    create = ("create", "--runtime", "subject", "--network", "none")
    docker(*create, "--name", "later", IMAGE, "echo", "started")
    assert docker("start", "--attach", "later") == "started"
    docker("rm", "later")
    docker(*create, "--name", "never", IMAGE, "true")
    docker("rm", "never")


def test_health_is_what_the_command_says(docker: Client) -> None:
    health = ("--health-cmd", "test -e /well", "--health-interval", "100ms", "--health-retries", "1")
    docker(*RUN, "--name", "patient", *health, IMAGE, "sleep", "1000")
    for state, change in (("unhealthy", "touch /well"), ("healthy", "true")):
        wait_for_events(docker, 1, f"event=health_status: {state}", "container=patient")
        docker("exec", "patient", "sh", "-c", change)
    docker("rm", "--force", "patient")


def test_namespaces_of_another_container_are_joined(docker: Client) -> None:
    docker(*RUN, "--name", "owner", "--ipc", "shareable", IMAGE, "sleep", "1000")
    join = ("--network", "container:owner", "--ipc", "container:owner", "--pid", "container:owner")
    script = "readlink /proc/self/ns/ipc; ps"
    inside = docker("run", "--runtime", "subject", "--rm", *join, IMAGE, "sh", "-c", script)
    assert inside.splitlines()[0] == docker("exec", "owner", "readlink", "/proc/self/ns/ipc")
    assert "sleep 1000" in inside
    docker("rm", "--force", "owner")


def test_a_checkpoint_that_criu_cannot_make_leaves_the_container_running(
    docker: Client, sleeper: str
) -> None:
    """Debian's criu 3.17 does not know the layout of this kernel's vDSO: neither with runc nor with ours."""
    docker("checkpoint", "create", sleeper, "one", status=1)
    assert status_of(docker, sleeper) == "running 0"
    assert docker("exec", sleeper, "echo", "alive") == "alive"
