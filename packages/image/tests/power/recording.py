"""`Recording`: a small ext4 whose every block write and flush is recorded.

A qemu-storage-daemon offers the disk as a file by FUSE, and writes down what comes; a loop device makes a disk of it.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

SIZE = 48 << 20
SECONDS = 60.0
DAEMON = "qemu-storage-daemon"
# no background writes, and no kindness to programs that forget to sync before they rename
FORMAT = ("mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0")
OPTIONS = "noauto_da_alloc"


class Recording:
    """disk: where it is mounted. log: what was asked of it so far."""

    def __init__(self, disk: Path, log: Path) -> None:
        self.disk = disk
        self.log = log

    def position(self) -> int:
        """How much was asked until now; see `Request.position`."""
        return self.log.stat().st_size


@contextmanager
def recording(folder: Path, options: str = "") -> Iterator[Recording]:
    """Makes a disk and mounts it; at the end it is unmounted, and the log is whole. options: more ones of mount(8)."""
    image, log, exported, disk = (folder / name for name in ("recorded", "log", "exported", "disk"))
    for path in (image, log, exported):
        path.touch()
    os.truncate(image, SIZE)
    disk.mkdir()
    with ExitStack() as stack:
        stack.enter_context(_daemon(folder, image, log, exported))
        device = stack.enter_context(loop_device(exported))
        run(*FORMAT, device)
        stack.enter_context(mounted_ext4(device, disk, options))
        yield Recording(disk, log)


@contextmanager
def _daemon(folder: Path, image: Path, log: Path, exported: Path) -> Iterator[None]:
    number = folder / "daemon"
    run(
        DAEMON, "--daemonize", "--pidfile", str(number),
        "--blockdev", f"driver=file,node-name=image,filename={image}",
        "--blockdev", f"driver=file,node-name=log,filename={log}",
        "--blockdev", "driver=blklogwrites,node-name=disk,file=image,log=log,log-sector-size=512",
        "--export", f"type=fuse,id=export,node-name=disk,mountpoint={exported},writable=on",
    )  # fmt: skip
    process = os.pidfd_open(int(number.read_text()))
    try:
        yield
    finally:
        signal.pidfd_send_signal(process, signal.SIGTERM)
        ended = select.select([process], [], [], SECONDS)[0]
        os.close(process)
        assert ended, f"{DAEMON} does not end"


@contextmanager
def loop_device(file: Path) -> Iterator[str]:
    """A block device of a file."""
    device = run("losetup", "--find", "--show", str(file)).strip()
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextmanager
def mounted_ext4(device: str, folder: Path, options: str = "") -> Iterator[None]:
    """Mounts it, after what its journal says."""
    run("mount", "-t", "ext4", "-o", ",".join(filter(None, (OPTIONS, options))), device, str(folder))
    try:
        yield
    finally:
        run("umount", str(folder))


def run(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=SECONDS).stdout
