"""podman run: output, exit statuses, terminals, and what each flag makes of a container."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.interop.client import Size

if TYPE_CHECKING:
    from tests.interop.client import Client

pytestmark = pytest.mark.requires("root", "podman", "runc", "busybox")

IMAGE = "localhost/busybox"
OWN_IDS = ("--uidmap", "0:100000:5000", "--gidmap", "0:100000:5000")
# podman's own values, which --ulimit brings back, are more than this kind of machine lets root set
PERMITTED = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
LIMITS = (
    "memory/memory.limit_in_bytes",
    "cpu/cpu.shares",
    "cpu/cpu.cfs_quota_us",
    "cpuset/cpuset.cpus",
    "pids/pids.max",
)


EFFECTIVE = "grep CapEff /proc/self/status"


def capabilities(mask: str) -> str:
    """How /proc/self/status shows the effective set, of hexadecimal digits."""
    return f"CapEff:\t{int(mask, 16):016x}"


# flags, a command, and what it prints; several flags in one row, since each run of podman takes half a second
FLAGS = [
    # the process
    (
        ("--user", "1000:1001", "--group-add", "77", "--workdir", "/tmp", "--env", "A=b c", "--umask", "0077"),
        "id -u; id -G; pwd; echo $A; umask", "1000\n1001 77\n/tmp\nb c\n0077",
    ),
    (
        ("--ulimit", "core=5:6", *PERMITTED, "--oom-score-adj", "500"),
        "grep core /proc/self/limits | tr -s ' ' | cut -d' ' -f5-6; cat /proc/self/oom_score_adj", "5 6\n500",
    ),
    (("--init", "--init-path", "/usr/bin/docker-init"), "cat /proc/1/comm", "podman-init"),
    # privileges
    (("--cap-drop", "all"), EFFECTIVE, capabilities("0")),
    (("--cap-drop", "all", "--cap-add", "SYS_TIME,CHOWN"), EFFECTIVE, capabilities("2000001")),
    (("--cap-drop", "all", "--cap-add", "NET_RAW", "--user", "5"), EFFECTIVE, capabilities("2000")),
    (("--privileged",), "mkdir /t && mount -t tmpfs t /t && echo mounted", "mounted"),
    (
        ("--security-opt", "seccomp=unconfined", "--security-opt", "no-new-privileges"),
        "grep -E 'Seccomp:|NoNew' /proc/self/status", "NoNewPrivs:\t1\nSeccomp:\t0",
    ),
    (("--security-opt", "mask=/proc/version"), "cat /proc/version", ""),
    (("--security-opt", "unmask=ALL"), "grep -c ' /proc/' /proc/mounts || true", "0"),
    (("--security-opt", "proc-opts=hidepid=2"), "grep -c '^proc /proc .*hidepid' /proc/mounts", "1"),
    # files
    (("--read-only",), "touch /x 2>/dev/null || touch /tmp/x && echo tmp", "tmp"),
    (("--read-only", "--read-only-tmpfs=false"), "touch /tmp/x 2>/dev/null || echo no", "no"),
    (
        ("--tmpfs", "/t:size=64k,mode=700", "--tmpfs", "/etc"),
        "grep -c ' /t .*size=64k' /proc/mounts; stat -c %a /t; head -n 1 /etc/passwd | cut -d: -f1", "1\n700\nroot",
    ),
    (
        ("--volume", "/etc:/host:ro", "--volume", "named:/v:U", "--shm-size", "1m"),
        "touch /host/x 2>/dev/null || echo no; touch /v/x; ls /v; grep -c size=1024k /proc/mounts",
        "no\nx\n1",
    ),
    (
        (
            "--mount", "type=bind,src=/etc,dst=/m,ro,bind-propagation=rslave",
            "--mount", "type=tmpfs,dst=/n,tmpfs-size=65536",
        ),
        "test -e /m/hostname && grep -c ' /n .*size=64k' /proc/mounts", "1",
    ),
    (
        ("--device", "/dev/fuse:/dev/x:r", "--cap-add", "MKNOD", "--device-cgroup-rule", "c 10:200 r"),
        ": < /dev/x && echo read; (: > /dev/x) 2>/dev/null || echo no; mknod /f c 10 200; : < /f && echo opened",
        "read\nno\nopened",
    ),
    # namespaces
    (
        ("--hostname", "named", "--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "kernel.msgmax=9000"),
        "hostname; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax; ls /sys/class/net", "named\n1\n9000\nlo",
    ),
    (OWN_IDS, "tr -s ' ' < /proc/self/uid_map; touch /x && stat -c %u /x", "0 100000 5000\n0"),
    ((*OWN_IDS, "--user", "7", "--read-only"), "id -u", "7"),
    (("--cgroupns", "private"), "grep -c :pids:/$ /proc/self/cgroup", "1"),
    (("--systemd", "always"), "grep -c ' /run/lock ' /proc/mounts", "1"),
    # limits; the threads of runc's init count too: with a limit of 5 it once died before it was started
    (("--pids-limit", "30"), "(for i in $(seq 40); do sleep 9 & done) >/dev/null 2>&1 || echo full", "full"),
    (
        ("--memory", "64m", "--cpu-shares", "300", "--cpus", "0.5", "--cpuset-cpus", "0", "--pids-limit", "100"),
        f"cd /sys/fs/cgroup; cat {' '.join(LIMITS)}", "67108864\n300\n50000\n0\n100",
    ),
]  # fmt: skip


@pytest.fixture
def run(cgroup: str) -> tuple[str, ...]:
    return ("run", "--rm", "--cgroup-parent", cgroup)


@pytest.mark.requires("cgroup_v1")
@pytest.mark.parametrize(("flags", "command", "expected"), FLAGS, ids=[" ".join(row[0]) for row in FLAGS])
def test_flags_take_effect(
    podman: Client, run: tuple[str, ...], flags: tuple[str, ...], command: str, expected: str
) -> None:
    assert podman(*run, *flags, IMAGE, "sh", "-c", command) == expected


def test_namespaces_of_the_host_are_the_hosts(podman: Client, run: tuple[str, ...]) -> None:
    flags = ("--network", "host", "--ipc", "host", "--pid", "host", "--uts", "host", "--cgroupns", "host")
    kinds = ("net", "ipc", "pid", "uts", "cgroup")
    seen = podman(
        *run, *flags, IMAGE, "sh", "-c", f"for k in {' '.join(kinds)}; do readlink /proc/self/ns/$k; done"
    )
    assert seen.split() == [str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in kinds]


def test_run_gives_output_and_exit_status(podman: Client, run: tuple[str, ...]) -> None:
    assert podman(*run, IMAGE, "echo", "hello") == "hello"
    podman(*run, IMAGE, "sh", "-c", "exit 7", status=7)
    podman(*run, "--pid", "host", IMAGE, "sh", "-c", "kill -9 $$", status=137)


@pytest.mark.parametrize(
    ("program", "status", "text"),
    [
        ("no-such-program", 127, "not found"),
        ("/nope", 127, "no such file"),
        ("/etc", 126, "ermission denied"),
    ],
)
def test_a_program_that_cannot_be_run_has_its_own_exit_status(
    podman: Client, run: tuple[str, ...], program: str, status: int, text: str
) -> None:
    said = podman(*run, IMAGE, program, status=status)
    assert text in said
    assert "level=" not in said  # the runtime's JSON was understood


def test_a_limit_that_cannot_be_set_is_an_error_of_the_runtime(podman: Client, run: tuple[str, ...]) -> None:
    said = podman(*run, "--ulimit", "nofile=1000000000:1000000000", IMAGE, "true", status=126)
    assert "permi" in said


def test_stdin_reaches_the_container(podman: Client, run: tuple[str, ...]) -> None:
    assert podman(*run, "-i", IMAGE, "wc", "-l", stdin="line\n" * 20_000) == "20000"


def test_a_terminal_is_one(podman: Client, run: tuple[str, ...]) -> None:
    seen = podman.on_terminal(
        *run, "-it", IMAGE, "sh", "-c", "tty; stty size; test -c /dev/console; exit 4",
        status=4, size=Size(33, 99),
    )  # fmt: skip
    assert seen.strip("\0").splitlines() == ["/dev/pts/0", "33 99"]


def test_inherited_descriptors_are_passed_on(podman: Client, run: tuple[str, ...]) -> None:
    inside = podman("--log-level", "error", *run, "--preserve-fds", "0", IMAGE, "ls", "/proc/self/fd")
    assert inside.split() == ["0", "1", "2", "3"]  # 3 is the folder that ls reads
