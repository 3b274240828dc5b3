"""Small disks: in memory, and ext4 on a loop device, which gives room only when it has to (delayed allocation)."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

BLOCK = 4096
SLACK = 256 * 1024
SIZE = 24 << 20


@contextmanager
def mounted_disk(kind: str, folder: Path) -> Iterator[Path]:
    """A new disk, mounted below a folder. kind: `tmpfs` or `ext4`."""
    target = folder / "disk"
    target.mkdir()
    if kind == "tmpfs":
        options = ["-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs"]
    else:
        image = folder / "image"
        with image.open("wb") as file:
            file.truncate(SIZE)
        command = ["mkfs.ext4", "-q", "-F", "-b", "4096", "-m", "0", str(image)]
        subprocess.run(command, check=True, timeout=60)
        options = ["-o", "loop", str(image)]
    subprocess.run(["mount", *options, str(target)], check=True, timeout=60)
    try:
        yield target
    finally:
        subprocess.run(["umount", str(target)], check=True, timeout=60)


def remount(disk: Path, mode: str) -> None:
    """mode: `ro` or `rw`."""
    subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True, timeout=60)


@contextmanager
def filled(disk: Path, free: int) -> Iterator[None]:
    """Leaves so many bytes free, about; a file system has blocks of its own to find too."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, max(room(disk) - free - SLACK, 1))
        file.seek(0, os.SEEK_END)
        with suppress(OSError):
            while room(disk) > free and file.write(bytes(BLOCK)):
                os.fsync(file.fileno())
    try:
        yield
    finally:
        filler.unlink()


def room(disk: Path) -> int:
    """Bytes."""
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize
