"""A virtual machine that has cgroup v2 with all controllers and no systemd, and runs one command.

qemu emulates (TCG): /dev/kvm is not needed, and CPU work is about 20 times slower than on the host. The command
sees the host's root file system (changes stay in the machine), a writable folder of the host at `RESULTS`, an empty
disk /dev/vda, and a device $VM_MESSAGES: each line that it writes there reaches the host at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from .initrd import RESULTS, build_initrd
from .kernel import cache_folder, fetch_kernel

QEMU = "qemu-system-x86_64"
BUSYBOX = Path("/bin/busybox")  # Debian's busybox-static
DISK_BYTES = 64 << 20
PORT = "messages"
CHUNK = 1 << 16
TAR_SOMETHING_CHANGED = 1  # while it was read

MAIN = """export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
export VM_MESSAGES=/dev/$(basename $(dirname $(grep -lx {port} /sys/class/virtio-ports/*/name)))
ip link set lo up
hostname vm
[ ! -f {results}/copy.tar ] || tar -xf {results}/copy.tar -C /
cd {folder}
({environment} {command}) </dev/null
echo $? > {results}/status
sync
exec {busybox} poweroff -f
"""


class MachineFailed(Exception):
    """The machine did not boot, or did not end, or said nothing for too long; the text says which."""


class Machine:
    """Boots at once. As a context manager it is killed at the end, if it still runs.

    Args:
        command: is run as root, in `folder`; then the machine ends.
        results: a folder of the host that the guest sees, writable, at `RESULTS`.
        folder: the command's working directory, of the shared root file system.
        environment: added to a small one of the guest's own.
        copied: paths that the guest has as they are now; it may see torn what the host writes meanwhile.
        console: gets what the kernel and the command print; None for our own standard output.

    Raises:
        MachineFailed: qemu is not installed.
        KernelMissing: there is no kernel to boot.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        results: Path,
        folder: Path,
        environment: Mapping[str, str],
        copied: Sequence[Path] = (),
        console: IO[bytes] | None = None,
    ) -> None:
        kernel = fetch_kernel(cache_folder())
        self._status = results / "status"
        _prepare(results, command, folder, environment)
        _copy(copied, results / "copy.tar")
        (results / "initrd").write_bytes(build_initrd(BUSYBOX, kernel.modules))
        self._messages, port = os.pipe()
        self._process = subprocess.Popen(
            qemu_command(kernel.vmlinux, results, port),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            pass_fds=(port,),
        )
        os.close(port)

    def messages(self, *, silence: float) -> Iterator[str]:
        """The lines that the command writes to $VM_MESSAGES, until the machine ends.

        Args:
            silence: seconds without a line until it counts as stuck.

        Raises:
            MachineFailed: it is stuck.
        """
        pending = b""
        while True:
            if not select.select([self._messages], [], [], silence)[0]:
                raise MachineFailed(f"the machine said nothing for {silence:.0f} s")
            chunk = os.read(self._messages, CHUNK)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            yield from (line.decode() for line in lines)

    def wait(self, timeout: float) -> int:
        """The command's exit status, when the machine has ended.

        Raises:
            MachineFailed: it did not end within `timeout` seconds, or before the command did.
        """
        deadline = time.monotonic() + timeout
        with contextlib.suppress(
            MachineFailed
        ):  # nobody reads the messages: the guest must not block on them
            for _ in self.messages(silence=timeout):
                if time.monotonic() > deadline:
                    break
        try:
            code = self._process.wait(max(deadline - time.monotonic(), 1.0))
        except subprocess.TimeoutExpired:
            raise MachineFailed(f"the machine did not end within {timeout:.0f} s") from None
        if code != 0 or not self._status.exists():
            raise MachineFailed(f"the machine ended before its command did (qemu's exit code is {code})")
        return int(self._status.read_text())

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._messages)


def _prepare(results: Path, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Puts the script that the guest runs, and its disk, into the results' folder."""
    results.mkdir(parents=True, exist_ok=True)
    (results / "status").unlink(missing_ok=True)
    main = MAIN.format(
        folder=shlex.quote(str(folder)),
        environment=" ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items()),
        command=shlex.join(command),
        results=RESULTS,
        port=PORT,
        busybox=BUSYBOX,
    )
    (results / "main").write_text(main)
    with (results / "disk").open("wb") as disk:
        disk.truncate(DISK_BYTES)  # takes no space until it is written


def _copy(paths: Sequence[Path], archive: Path) -> None:
    """Packs what the guest unpacks, with times in nanoseconds: those of compiled files are compared."""
    archive.unlink(missing_ok=True)
    if not paths:
        return
    names = [path.resolve().relative_to("/") for path in paths]
    done = subprocess.run(
        ["tar", "--format=pax", "--exclude=build", "-cf", archive, "-C", "/", *names], check=False
    )
    if done.returncode not in {0, TAR_SOMETHING_CHANGED}:
        raise MachineFailed(f"tar ended with status {done.returncode}")


def qemu_command(vmlinux: Path, results: Path, port: int) -> list[str]:
    """The command line: two cores, 3 GiB, the host's root and the results' folder by 9p, a serial console."""
    qemu = shutil.which(QEMU)
    if qemu is None:
        raise MachineFailed(f"{QEMU} is missing: apt-get install qemu-system-x86")
    share = "local,path={},mount_tag={},security_model=none,multidevs=remap"
    return [
        qemu, "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-m", "3072", "-smp", "2",
        "-serial", "stdio", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max",
        "-kernel", str(vmlinux), "-initrd", str(results / "initrd"), "-append", "console=ttyS0 quiet panic=-1",
        "-virtfs", share.format("/", "hostroot") + ",readonly=on", "-virtfs", share.format(results, "results"),
        "-drive", f"file={results}/disk,format=raw,if=none,id=disk", "-device", "virtio-blk-pci,drive=disk",
        "-device", "virtio-serial-pci", "-chardev", f"file,id=port,path=/dev/fd/{port}",
        "-device", f"virtserialport,chardev=port,name={PORT}",
    ]  # fmt: skip
