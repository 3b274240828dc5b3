"""Kernel calls for the attempts, with the kernel's names; each raises OSError with the call's name."""

from __future__ import annotations

import ctypes
import os

CLONE_NEWTIME = 0x00000080  # <linux/sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000  # <linux/mount.h>
PR_SET_DUMPABLE = 4  # <linux/prctl.h>

# numbers that differ between architectures (the others, from 424 on, are the same on all but alpha)
_SPECIFIC = {
    "x86_64": {"seccomp": 317, "bpf": 321, "get_mempolicy": 239, "kcmp": 312},
    "aarch64": {"seccomp": 277, "bpf": 280, "get_mempolicy": 236, "kcmp": 272},
}
NUMBERS = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "pidfd_open": 434,
    "clone3": 435,
    "close_range": 436,
    "openat2": 437,
    "mount_setattr": 442,
    **_SPECIFIC.get(os.uname().machine, {}),
}

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


class Missing(Exception):
    """The host cannot do it, for a reason that is not an errno; the text says why."""


def check(result: int, name: str) -> int:
    """The result of a call that is not -1; raises OSError."""
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), name)
    return result


def syscall(name: str, *arguments: object) -> int:
    """A system call by its name; raises Missing where its number is not known for this architecture."""
    if name not in NUMBERS:
        raise Missing(f"the number of {name} on {os.uname().machine} is not known")
    values = (ctypes.c_long(value) if isinstance(value, int) else value for value in arguments)
    return check(libc.syscall(ctypes.c_long(NUMBERS[name]), *values), name)


def unshare(flags: int) -> None:
    check(libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str | None, flags: int = 0, data: str | None = None) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    check(libc.mount(*texts, ctypes.c_ulong(flags), data.encode() if data else None), f"mount {target}")


def private_mounts() -> None:
    """A mount namespace from which nothing gets out."""
    unshare(CLONE_NEWNS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)


def sethostname(name: str) -> None:
    check(libc.sethostname(name.encode(), ctypes.c_size_t(len(name))), "sethostname")


def read(path: str) -> str:
    """A small file below /proc or /sys."""
    with open(path) as file:
        return file.read()


def write(path: str, text: str) -> None:
    """One write(2) to a file that exists."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def prctl(option: int, *values: object) -> int:
    given = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in values]
    given += [ctypes.c_ulong(0)] * (4 - len(given))
    return check(libc.prctl(ctypes.c_int(option), *given), "prctl")
