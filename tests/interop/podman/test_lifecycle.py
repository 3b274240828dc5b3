"""What podman does to a container that runs: exec, pause, update, stats, stop, restart, health, copies, checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.interop.client import Size

if TYPE_CHECKING:
    from tests.interop.client import Client

pytestmark = pytest.mark.requires("root", "podman", "runc", "busybox")

IMAGE = "localhost/busybox"


def status_of(podman: Client, name: str) -> str:
    return podman("inspect", name, "--format", "{{.State.Status}} {{.State.ExitCode}}")


def cgroup_file(podman: Client, cgroup: str, name: str, path: str) -> str:
    """A file of the container's cgroup, as the host sees it; `path` begins with the controller."""
    controller, _, file = path.partition("/")
    identity = podman("inspect", name, "--format", "{{.Id}}")
    found = Path("/sys/fs/cgroup", controller, cgroup.lstrip("/"), f"libpod-{identity}", file)
    return found.read_text().strip()


def test_exec_runs_in_the_container(podman: Client, sleeper: str) -> None:
    flags = ("--user", "5:6", "--env", "X=y", "--workdir", "/tmp")
    assert podman("exec", *flags, sleeper, "sh", "-c", "id -u; echo $X; pwd").split() == ["5", "y", "/tmp"]
    assert podman("exec", "-i", sleeper, "cat", stdin="given") == "given"
    assert podman("exec", sleeper, "sh", "-c", "echo $HOME") == "/root"
    podman("exec", sleeper, "sh", "-c", "exit 9", status=9)
    podman("exec", sleeper, "no-such-program", status=127)
    podman("exec", sleeper, "/etc", status=126)


def test_exec_has_a_terminal(podman: Client, sleeper: str) -> None:
    seen = podman.on_terminal(
        "exec", "-it", sleeper, "sh", "-c", "tty; stty size; exit 3", status=3, size=Size(33, 99)
    )
    assert seen.strip("\0").splitlines() == ["/dev/pts/0", "33 99"]


def test_exec_is_as_confined_as_the_container_unless_privileged(podman: Client, sleeper: str) -> None:
    status = ("grep", "-E", "CapEff|Seccomp:", "/proc/self/status")
    confined = podman("exec", sleeper, *status)
    assert confined == podman("exec", sleeper, "grep", "-E", "CapEff|Seccomp:", "/proc/1/status")
    assert podman("exec", "--privileged", sleeper, *status) != confined


def test_exec_detached_goes_on_alone(podman: Client, sleeper: str) -> None:
    podman("exec", sleeper, "mkfifo", "/done")
    podman("exec", "--detach", sleeper, "sh", "-c", "echo well > /done")
    assert podman("exec", sleeper, "cat", "/done") == "well"


def test_pause_and_unpause(podman: Client, sleeper: str) -> None:
    podman("pause", sleeper)
    assert status_of(podman, sleeper) == "paused 0"
    podman("exec", sleeper, "true", status=255)
    podman("unpause", sleeper)
    assert podman("exec", sleeper, "echo", "awake") == "awake"


@pytest.mark.requires("cgroup_v1")
def test_update_changes_the_limits_at_once(podman: Client, sleeper: str, cgroup: str) -> None:
    changes = (
        "--memory",
        "80m",
        "--memory-swap",
        "90m",
        "--cpus",
        "0.7",
        "--cpu-shares",
        "99",
        "--cpuset-cpus",
        "1",
    )
    podman("update", *changes, sleeper)
    values = {
        "memory/memory.limit_in_bytes": str(80 << 20), "memory/memory.memsw.limit_in_bytes": str(90 << 20),
        "cpu/cpu.cfs_quota_us": "70000", "cpu/cpu.shares": "99", "cpuset/cpuset.cpus": "1",
    }  # fmt: skip
    assert {path: cgroup_file(podman, cgroup, sleeper, path) for path in values} == values


@pytest.mark.requires("cgroup_v1")
def test_a_limit_below_the_usage_is_refused(podman: Client, sleeper: str, cgroup: str) -> None:
    before = cgroup_file(podman, cgroup, sleeper, "memory/memory.limit_in_bytes")
    podman("update", "--memory", "1k", sleeper, status=125)
    assert cgroup_file(podman, cgroup, sleeper, "memory/memory.limit_in_bytes") == before


def test_stats_and_top_see_the_processes(podman: Client, sleeper: str) -> None:
    (stats,) = json.loads(podman("stats", "--no-stream", "--format", "json", sleeper))
    assert stats["pids"] == "1"
    assert podman("top", sleeper, "pid", "args").splitlines()[1].split() == ["1", "sleep", "1000"]


def test_stop_start_and_restart(podman: Client, sleeper: str) -> None:
    podman("stop", "--time", "0", sleeper)
    assert status_of(podman, sleeper) == "exited 137"
    podman("start", sleeper)
    podman("restart", "--time", "0", sleeper)
    assert podman("exec", sleeper, "echo", "again") == "again"


def test_logs_signals_and_wait(podman: Client, cgroup: str) -> None:
    script = 'trap "exit 9" USR1; echo out; echo err >&2; mkfifo /f; echo ready > /f; sleep 1000 & wait'
    podman("run", "--detach", "--name", "talker", "--cgroup-parent", cgroup, IMAGE, "sh", "-c", script)
    podman("exec", "talker", "sh", "-c", "until test -p /f; do :; done; cat /f")
    podman("kill", "--signal", "USR1", "talker")
    assert podman("wait", "talker") == "9"
    assert sorted(podman("logs", "talker").split()) == ["err", "out"]  # until its end conmon may still copy
    podman("rm", "talker")


def test_stop_sends_the_stop_signal_first(podman: Client, cgroup: str) -> None:
    script = 'trap "exit 4" USR2; mkfifo /f; echo ready > /f; while :; do sleep 1000 & wait; done'
    flags = ("--name", "polite", "--stop-signal", "USR2", "--cgroup-parent", cgroup)
    podman("run", "--detach", *flags, IMAGE, "sh", "-c", script)
    podman("exec", "polite", "sh", "-c", "until test -p /f; do :; done; cat /f")
    podman("stop", "--time", "30", "polite")
    assert status_of(podman, "polite") == "exited 4"
    podman("rm", "polite")


def test_created_initialised_and_started(podman: Client, cgroup: str) -> None:
    podman("create", "--name", "later", "--cgroup-parent", cgroup, IMAGE, "echo", "started")
    podman("init", "later")
    assert status_of(podman, "later") == "initialized 0"
    assert podman("start", "--attach", "later") == "started"
    podman("rm", "later")


def test_an_initialised_container_can_be_removed(podman: Client, cgroup: str) -> None:
    podman("create", "--name", "never", "--cgroup-parent", cgroup, IMAGE, "echo", "started")
    podman("init", "never")
    podman("rm", "--force", "--time", "0", "never")
    assert "never" not in podman("ps", "--all", "--format", "{{.Names}}")


def test_health_is_what_the_command_says(podman: Client, cgroup: str) -> None:
    podman(
        "run", "--detach", "--name", "patient", "--cgroup-parent", cgroup,
        "--health-cmd", "test -e /well", "--health-interval", "disable", IMAGE, "sleep", "1000",
    )  # fmt: skip
    podman("healthcheck", "run", "patient", status=1)
    podman("exec", "patient", "touch", "/well")
    podman("healthcheck", "run", "patient")
    assert podman("inspect", "patient", "--format", "{{.State.Healthcheck.Status}}") == "healthy"
    podman("rm", "--force", "--time", "0", "patient")


def test_files_are_copied_while_it_runs(podman: Client, sleeper: str, folder: Path) -> None:
    (folder / "given").write_text("given")
    podman("cp", str(folder / "given"), f"{sleeper}:/there")
    assert podman("exec", sleeper, "cat", "/there") == "given"
    podman("cp", f"{sleeper}:/there", str(folder / "back"))
    assert (folder / "back").read_text() == "given"


def test_a_container_that_runs_out_of_memory_is_killed(podman: Client, cgroup: str) -> None:
    limits = ("--memory", "64m", "--memory-swap", "64m", "--cgroup-parent", cgroup)
    podman("run", "--rm", *limits, IMAGE, "sh", "-c", "exec tail /dev/zero", status=137)


def test_a_checkpoint_that_criu_cannot_make_leaves_the_container_running(
    podman: Client, sleeper: str
) -> None:
    """Debian's criu 3.17 does not know the layout of this kernel's vDSO: neither with runc nor with ours."""
    podman("container", "checkpoint", sleeper, status=125)
    assert status_of(podman, sleeper) == "running 0"
    assert podman("exec", sleeper, "echo", "alive") == "alive"
