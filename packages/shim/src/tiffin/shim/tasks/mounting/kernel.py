"""System calls that the standard library lacks, under the kernel's own names."""

from __future__ import annotations

import ctypes
import os

CLONE_FS = 0x200
SYS_OPENAT2 = 437  # the same number on every architecture: it is younger than the unified table
RESOLVE_NO_MAGICLINKS, RESOLVE_IN_ROOT = 0x02, 0x10

_libc = ctypes.CDLL(None, use_errno=True)


class OpenHow(ctypes.Structure):
    """`struct open_how` of openat2(2)."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    """mount(2). Raises OSError with the target."""
    texts = (ctypes.c_char_p(os.fsencode(text)) for text in (source, target, kind))
    options = ctypes.c_char_p(os.fsencode(data)) if data else None
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), options), target)


def umount2(target: str, flags: int = 0) -> None:
    """umount2(2). Raises OSError with the target."""
    _checked(_libc.umount2(ctypes.c_char_p(os.fsencode(target)), ctypes.c_int(flags)), target)


def unshare(flags: int) -> None:
    """unshare(2), for the calling thread. Raises OSError."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def open_in_root(root: str, path: str) -> int:
    """openat2(2), Linux 5.6: an O_PATH descriptor of a path that no link can lead out of `root`. Raises OSError."""
    top = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        how = OpenHow(os.O_PATH | os.O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
        descriptor = _libc.syscall(
            ctypes.c_long(SYS_OPENAT2),
            ctypes.c_int(top),
            ctypes.c_char_p(os.fsencode(path.lstrip("/") or ".")),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
        _checked(descriptor, f"{root}/{path}")
        return int(descriptor)
    finally:
        os.close(top)


def _checked(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
