"""Runs one command in a virtual machine that has cgroup v2 with all controllers and no systemd.

qemu emulates (TCG): /dev/kvm is not needed, and CPU work is about 20 times slower than on the host.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .initrd import RESULTS, build_initrd
from .kernel import fetch_kernel

QEMU = "qemu-system-x86_64"
BUSYBOX = Path("/bin/busybox")  # Debian's busybox-static

MAIN = """export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
ip link set lo up
hostname vm
cd {folder}
({environment} {command}) </dev/null
echo $? > {results}/status
sync
echo o > /proc/sysrq-trigger
exec tail -f /dev/null
"""


class MachineFailed(Exception):
    """The machine did not boot, or did not finish in time; the text says which, and what its console said last."""


def run_in_machine(
    command: Sequence[str],
    *,
    cache: Path,
    results: Path,
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
) -> int:
    """Boots a machine, runs `command` as root in `folder` of the shared root file system, and returns its exit status.

    Args:
        cache: where the kernel is kept between calls.
        results: a folder of the host that the guest sees, writable, at `RESULTS`.
        timeout: seconds until the machine is killed.

    Raises:
        MachineFailed: it did not boot or end.
    """
    kernel = fetch_kernel(cache)
    results.mkdir(parents=True, exist_ok=True)
    (results / "status").unlink(missing_ok=True)
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items())
    main = MAIN.format(
        folder=shlex.quote(str(folder)), environment=variables, command=shlex.join(command), results=RESULTS
    )
    (results / "main").write_text(main)
    (results / "initrd").write_bytes(build_initrd(BUSYBOX, kernel.modules))
    try:
        subprocess.run(
            qemu_command(kernel.vmlinux, results), stdin=subprocess.DEVNULL, check=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        raise MachineFailed(
            f"the machine was killed after {timeout:.0f} s: the command had not ended"
        ) from None
    except subprocess.CalledProcessError as error:
        raise MachineFailed(f"qemu ended with status {error.returncode}") from None
    status = results / "status"
    if not status.exists():
        raise MachineFailed("the machine ended before the command did; its console above says why")
    return int(status.read_text())


def qemu_command(vmlinux: Path, results: Path) -> list[str]:
    """The command line: two cores, 3 GiB, the host's root and the results folder by 9p, a serial console."""
    qemu = shutil.which(QEMU)
    if qemu is None:
        raise MachineFailed(f"{QEMU} is missing: apt-get install qemu-system-x86")
    share = "local,path={},mount_tag={},security_model=none,multidevs=remap"
    return [
        qemu, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-m", "3072", "-smp", "2",
        "-serial", "stdio", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
        "-kernel", str(vmlinux), "-initrd", str(results / "initrd"), "-append", "console=ttyS0 quiet panic=-1",
        "-virtfs", share.format("/", "hostroot") + ",readonly=on", "-virtfs", share.format(results, "results"),
    ]  # fmt: skip
