"""Unmounts what is at a rootfs, and below it."""

from __future__ import annotations

import errno
import time

from tiffin.runtime.errors import OperationFailed

from .kernel import umount2

BUSY_SECONDS = 2.5
FIRST_PAUSE, LONGEST_PAUSE = 0.002, 0.05
UMOUNT_NOFOLLOW = 0x8


def unmount(place: str) -> bool:
    """Unmounts the topmost mount at a folder, with those below it; blocks.

    One that is busy is tried again for a moment: what was just killed may not have let go of it.

    Returns:
        False if nothing is mounted there.

    Raises:
        OperationFailed: it stayed busy, or the kernel refused.
    """
    deadline = time.monotonic() + BUSY_SECONDS
    pause = FIRST_PAUSE
    while True:
        try:
            umount2(place, UMOUNT_NOFOLLOW)
            return True
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT):  # no mount, or not even a folder
                return False
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise OperationFailed(f"unmount {place}: {error.strerror}", errno=error.errno or 0) from error
        if not any(unmount(inner) for inner in mounts_below(place)):
            time.sleep(pause)  # the kernel does not tell when it is free
            pause = min(pause * 2, LONGEST_PAUSE)


def unmount_all(rootfs: str) -> None:
    """Unmounts everything at a folder and below it; nothing there is fine. Blocks; raises as `unmount`."""
    for place in mounts_below(rootfs):
        unmount(place)
    while unmount(rootfs):
        continue


def mounts_below(place: str) -> list[str]:
    """The mount points below a folder, the latest first (proc_pid_mountinfo(5))."""
    with open("/proc/self/mountinfo", "rb") as stream:
        data = stream.read()
    prefix = _escaped(place.rstrip("/") + "/")
    if prefix not in data:
        return []
    points = [line.split(b" ", 5)[4] for line in data.splitlines()]
    return [_unescaped(point) for point in reversed(points) if point.startswith(prefix)]


def _escaped(path: str) -> bytes:
    """A path as mountinfo has it: space, tab, newline and backslash in octal."""
    data = path.encode(errors="surrogateescape")
    for character in (b"\\", b" ", b"\t", b"\n"):
        data = data.replace(character, b"\\%03o" % character[0])
    return data


def _unescaped(point: bytes) -> str:
    first, *rest = point.split(b"\\")
    data = first + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in rest)
    return data.decode(errors="surrogateescape")
