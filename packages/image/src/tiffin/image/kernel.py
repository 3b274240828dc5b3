"""System calls that the standard library lacks, under the kernel's own names."""

from __future__ import annotations

import ctypes
import os

SYS_OPENAT2 = 437  # the same number on every architecture: it is younger than the unified table
SYS_MOUNT_SETATTR = 442  # likewise
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_IN_ROOT = 0x10
AT_FDCWD = -100

_libc = ctypes.CDLL(None, use_errno=True)


class OpenHow(ctypes.Structure):
    """`struct open_how` of openat2(2)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(directory: int, path: bytes, flags: int, resolve: int) -> int:
    """openat2(2), Linux 5.6: opens `path` relative to `directory`; always close-on-exec.

    Raises:
        OSError: as the kernel says, with the path.
    """
    how = OpenHow(flags | os.O_CLOEXEC, 0, resolve)
    while True:
        descriptor = _libc.syscall(
            ctypes.c_long(SYS_OPENAT2), ctypes.c_int(directory), path, ctypes.byref(how), ctypes.c_size_t(24)
        )
        if descriptor >= 0:
            return int(descriptor)
        number = ctypes.get_errno()
        if number not in (
            4,
            11,
        ):  # EINTR, and EAGAIN: a rename raced with `..`; the manual page says to try again
            raise OSError(number, os.strerror(number), os.fsdecode(path))


def syncfs(descriptor: int) -> None:
    """syncfs(2): everything of the file system that `descriptor` is on reaches the disk.

    Raises:
        OSError: if writing failed.
    """
    if _libc.syncfs(descriptor) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def unshare(flags: int) -> None:
    """unshare(2): this process gets namespaces of its own; it must have one thread only. Raises OSError."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """setns(2): this process enters a namespace; into one of users only with one thread. Raises OSError."""
    _checked(_libc.setns(ctypes.c_int(descriptor), ctypes.c_int(kind)), "setns")


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2). Raises OSError with the target."""
    texts = (ctypes.c_char_p(os.fsencode(text)) for text in (source, target, kind))
    options = ctypes.c_char_p(os.fsencode(data)) if data else None
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), options), target)


class MountAttr(ctypes.Structure):
    """`struct mount_attr` of mount_setattr(2)."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd"))


def mount_setattr(target: str, flags: int, attributes: int) -> None:
    """mount_setattr(2), Linux 5.12: sets attributes of a mount. Raises OSError with the target."""
    attr = MountAttr(attributes, 0, 0, 0)
    result = _libc.syscall(
        ctypes.c_long(SYS_MOUNT_SETATTR), ctypes.c_int(AT_FDCWD), ctypes.c_char_p(os.fsencode(target)),
        ctypes.c_uint(flags), ctypes.byref(attr), ctypes.c_size_t(ctypes.sizeof(attr)),
    )  # fmt: skip
    _checked(result, target)


def umount2(target: str, flags: int) -> None:
    """umount2(2). Raises OSError with the target."""
    _checked(_libc.umount2(ctypes.c_char_p(os.fsencode(target)), ctypes.c_int(flags)), target)


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
