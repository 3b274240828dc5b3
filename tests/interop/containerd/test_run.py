"""ctr run: output, exit statuses, terminals, and what each flag makes of a container.

ctr gives up opening a FIFO when the container has ended: of a short one the output would be lost on a busy machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.interop.client import Size

if TYPE_CHECKING:
    from tests.interop.client import Client

pytestmark = pytest.mark.requires("root", "containerd", "ctr", "runc", "busybox")

IMAGE = "docker.io/library/busybox:test"
NETWORK = "readlink /proc/self/ns/net"
SEES_LIMITS = "cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.shares cpu/cpu.cfs_quota_us"

FLAGS = [
    (("--env", "A=b", "--cwd", "/tmp"), "echo $A; pwd", "b\n/tmp"),
    (("--read-only",), "touch /x 2>/dev/null || echo no", "no"),
    (("--privileged",), "mkdir /t && mount -t tmpfs t /t && echo mounted", "mounted"),
    (("--seccomp",), "grep Seccomp: /proc/self/status", "Seccomp:\t2"),
    (("--allow-new-privs",), "grep NoNew /proc/self/status", "NoNewPrivs:\t0"),
    (("--cap-drop", "CAP_CHOWN"), "chown 5 /tmp 2>/dev/null || echo no", "no"),
    (("--cap-add", "CAP_SYS_ADMIN"), "mount -t tmpfs t /tmp && echo mounted", "mounted"),
    (("--mount", "type=bind,src=/etc,dst=/h,options=rbind:ro"), "test -e /h/hostname && touch /h/x 2>&1 | wc -l", "1"),
    (("--device", "/dev/fuse"), ": < /dev/fuse && echo opened", "opened"),
    (("--rootfs-propagation", "rshared", "--no-pivot"), "echo there", "there"),
    (
        ("--memory-limit", "67108864", "--cpu-shares", "300", "--cpu-quota", "50000", "--cpu-period", "100000"),
        SEES_LIMITS, "67108864\n300\n50000",
    ),
]  # fmt: skip


@pytest.mark.requires("cgroup_v1")
@pytest.mark.parametrize(("flags", "command", "expected"), FLAGS, ids=[" ".join(row[0]) for row in FLAGS])
def test_flags_take_effect(
    ctr: Client, run: tuple[str, ...], flags: tuple[str, ...], command: str, expected: str
) -> None:
    mounts = (
        ("--mount", "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro") if command is SEES_LIMITS else ()
    )
    assert ctr.read_before_it_ends(*run, "--rm", *mounts, *flags, IMAGE, "flags", script=command) == expected


def test_run_gives_output_and_exit_status(ctr: Client, run: tuple[str, ...]) -> None:
    assert ctr.read_before_it_ends(*run, "--rm", IMAGE, "one", script="echo out") == "out"
    ctr(*run, "--rm", IMAGE, "two", "sh", "-c", "exit 7", status=7)


def test_the_network_of_the_host_is_the_hosts(ctr: Client, run: tuple[str, ...]) -> None:
    seen = ctr.read_before_it_ends(*run, "--rm", "--net-host", IMAGE, "host", script=NETWORK)
    assert seen == str(Path("/proc/self/ns/net").readlink())


def test_a_namespace_is_joined_by_its_path(ctr: Client, run: tuple[str, ...], task: str) -> None:
    pid = next(line.split()[1] for line in ctr("task", "ls").splitlines() if line.startswith(task))
    beside = (*run, "--cgroup", f"{run[-1]}-beside", "--rm", "--with-ns", f"network:/proc/{pid}/ns/net")
    seen = ctr.read_before_it_ends(*beside, IMAGE, "beside", script=NETWORK)
    assert seen == str(Path(f"/proc/{pid}/ns/net").readlink())


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("no-such-program", 'exec: "no-such-program": executable file not found in $PATH'),
        ("/nope", "no such file or directory"),
        ("/etc", "permission denied"),
    ],
)
def test_a_program_that_cannot_be_run_is_told(
    ctr: Client, run: tuple[str, ...], program: str, text: str
) -> None:
    assert text in ctr(*run, "--rm", IMAGE, "bad", program, status=1)


def test_a_terminal_is_one(ctr: Client, run: tuple[str, ...]) -> None:
    """By the exit status: ctr may lose what a terminal shows, with runc as well."""
    ready = "test $(tty) = /dev/pts/0 && test -c /dev/console || exit 1"
    script = f"{ready}; until stty size | grep -q '33 99'; do :; done; exit 4"
    ctr.on_terminal(*run, "--rm", "--tty", IMAGE, "terminal", "sh", "-c", script, status=4, size=Size(33, 99))
