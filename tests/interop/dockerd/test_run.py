"""docker run --runtime: output, exit statuses, terminals, and what each flag makes of a container."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.interop.client import Size
from tests.interop.dockerd.events import wait_for_events

if TYPE_CHECKING:
    from tests.interop.client import Client

pytestmark = pytest.mark.requires("root", "dockerd", "docker", "runc", "busybox")

IMAGE = "busybox:test"
RUN = ("run", "--runtime", "subject", "--network", "none", "--rm")
LIMITS = (
    "memory/memory.limit_in_bytes", "cpu/cpu.shares", "cpu/cpu.cfs_quota_us", "cpuset/cpuset.cpus", "pids/pids.max",
)  # fmt: skip

# flags, a command, and what it prints; several flags in one row, since each run of docker takes half a second
FLAGS = [
    # the process
    (
        (
            "--user", "5:6", "--group-add", "9", "--workdir", "/new/dir", "--env", "A=b",
            "--hostname", "h", "--domainname", "d",
        ),
        "id -u; id -G; pwd; echo $A; hostname; cat /proc/sys/kernel/domainname", "5\n6 9\n/new/dir\nb\nh\nd",
    ),
    (
        ("--ulimit", "nofile=50:60", "--oom-score-adj", "500", "--entrypoint", "/bin/busybox"),
        "ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj", "50\n60\n500",
    ),
    (("--init",), "cat /proc/1/comm", "docker-init"),
    # privileges
    (("--cap-drop", "all", "--cap-add", "chown"), "grep CapEff /proc/self/status", f"CapEff:\t{1:016x}"),
    (
        ("--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"),
        "mkdir -p /t && mount -t tmpfs t /t && echo mounted", "mounted",
    ),
    (
        ("--security-opt", "no-new-privileges", "--security-opt", "systempaths=unconfined"),
        "grep -E 'Seccomp:|NoNew' /proc/self/status; grep -c ' /proc/' /proc/mounts", "NoNewPrivs:\t1\nSeccomp:\t2\n0",
    ),
    # files
    (
        ("--read-only", "--tmpfs", "/t:size=64k,mode=700", "--volume", "/etc:/h:ro", "--volume", "named:/v"),
        "touch /x 2>/dev/null || echo no; stat -c %a /t; touch /h/x 2>/dev/null || echo no; touch /v/y; ls /v",
        "no\n700\nno\ny",
    ),
    (
        ("--mount", "type=tmpfs,dst=/n,tmpfs-size=65536", "--shm-size", "1m", "--ipc", "shareable"),
        "grep -c -E ' /n .*size=64k| /dev/shm .*size=1024k' /proc/mounts", "2",
    ),
    (
        ("--device", "/dev/fuse:/dev/x:r", "--device-cgroup-rule", "c 10:200 rm"),
        "(: < /dev/x) && echo read; (: > /dev/x) 2>/dev/null || echo no; mknod /f c 10 200; (: < /f) && echo opened",
        "read\nno\nopened",
    ),
    # namespaces
    (("--sysctl", "net.ipv4.ip_forward=1"), "cat /proc/sys/net/ipv4/ip_forward; ls /sys/class/net", "1\nlo"),
    (("--cgroupns", "private"), "grep -c :pids:/$ /proc/self/cgroup", "1"),
    # limits
    (
        ("--memory", "64m", "--cpu-shares", "300", "--cpus", "0.5", "--cpuset-cpus", "0", "--pids-limit", "100"),
        f"cd /sys/fs/cgroup; cat {' '.join(LIMITS)}", "67108864\n300\n50000\n0\n100",
    ),
]  # fmt: skip


@pytest.mark.requires("cgroup_v1")
@pytest.mark.parametrize(("flags", "command", "expected"), FLAGS, ids=[" ".join(row[0]) for row in FLAGS])
def test_flags_take_effect(docker: Client, flags: tuple[str, ...], command: str, expected: str) -> None:
    script = ("sh", "-c", f"{{ {command}; }} 2>&1 || true")
    said = docker(*RUN, *flags, IMAGE, *script)
    assert "\n".join(said.splitlines()[-len(expected.splitlines()) :]) == expected


def test_namespaces_of_the_host_are_the_hosts(docker: Client) -> None:
    flags = ("--ipc", "host", "--pid", "host", "--uts", "host", "--cgroupns", "host", "--network", "host")
    kinds = ("net", "ipc", "pid", "uts", "cgroup")
    script = f"for kind in {' '.join(kinds)}; do readlink /proc/self/ns/$kind; done"
    seen = docker("run", "--runtime", "subject", "--rm", *flags, IMAGE, "sh", "-c", script)
    assert seen.split() == [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in kinds]


def test_run_gives_output_and_exit_status(docker: Client) -> None:
    assert docker(*RUN, IMAGE, "echo", "hello") == "hello"
    assert docker(*RUN, "--interactive", IMAGE, "wc", "-l", stdin="line\n" * 20_000) == "20000"
    docker(*RUN, IMAGE, "sh", "-c", "exit 7", status=7)


@pytest.mark.parametrize(
    ("program", "status", "text"),
    [
        ("no-such-program", 127, "executable file not found in $PATH"),
        ("/nope", 127, "no such file or directory"),
        ("/etc", 126, "permission denied"),
    ],
)
def test_the_errors_that_docker_reads_have_their_exit_status(
    docker: Client, program: str, status: int, text: str
) -> None:
    assert text in docker(*RUN, IMAGE, program, status=status)


def test_a_terminal_is_one(docker: Client) -> None:
    script = "tty; until stty size | grep '33 99'; do :; done; test -c /dev/console; exit 4"
    seen = docker.on_terminal(
        *RUN, "--interactive", "--tty", IMAGE, "sh", "-c", script, status=4, size=Size(33, 99)
    )
    assert seen.strip("\0").splitlines()[0] == "/dev/pts/0"


def test_a_container_that_runs_out_of_memory_is_told_as_such(docker: Client) -> None:
    limits = ("--name", "greedy", "--memory", "64m", "--memory-swap", "64m")
    script = "until test -e /go; do sleep 0.01; done; exec tail /dev/zero"
    docker(*RUN[:-1], "--detach", *limits, IMAGE, "sh", "-c", script)
    try:
        docker("exec", "greedy", "touch", "/go")  # containerd's shim watches from the end of the start on
        wait_for_events(docker, 1, "event=oom", "container=greedy")
        assert docker("wait", "greedy") == "137"
        assert docker("inspect", "--format", "{{.State.OOMKilled}}", "greedy") == "true"
    finally:
        docker("rm", "--force", "greedy")
