"""Failpoints by seccomp: every system call that changes something outside of the process. The product knows nothing.

The victim is stopped at each of them, in whatever thread; who holds its notify descriptor counts, and kills it before
the one that it wants. Source: seccomp(2), seccomp_unotify(2).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import select
import signal
import struct

from tiffin.runtime.seccomp.library import Library

LOUD = (
    "chmod", "chown", "copy_file_range", "fallocate", "fchmod", "fchmodat", "fchown", "fchownat", "fdatasync", "flock",
    "fsetxattr", "fsync", "ftruncate", "lchown", "link", "linkat", "lsetxattr", "mkdir", "mkdirat", "mknod", "mknodat",
    "pwrite64", "rename", "renameat", "renameat2", "rmdir", "setxattr", "symlink", "symlinkat", "syncfs", "unlink",
    "unlinkat", "utimensat", "write", "writev",
)  # fmt: skip
SET_MODE_FILTER, NEW_LISTENER = 1, 8  # <linux/seccomp.h>
ALLOW, NOTIFY = 0x7FFF0000, 0x7FC00000
RECEIVE, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV and _SEND
NOTIFICATION, ANSWER = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
CONTINUE = 1
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # <linux/bpf_common.h>
INSTRUCTION = struct.Struct("=HBBI")


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def stop_at_steps() -> int:
    """Puts this process under the filter; the notify descriptor. Raises OSError."""
    library = Library()
    numbers = [number for name in LOUD if (number := library.syscall(name)) is not None and number >= 0]
    code = [INSTRUCTION.pack(LOAD, 0, 0, 0)]
    code += [INSTRUCTION.pack(JUMP_IF_EQUAL, len(numbers) - at, 0, each) for at, each in enumerate(numbers)]
    code += [INSTRUCTION.pack(RETURN, 0, 0, ALLOW), INSTRUCTION.pack(RETURN, 0, 0, NOTIFY)]
    program = _Program(len(code), b"".join(code))
    libc = ctypes.CDLL(None, use_errno=True)
    seccomp = library.syscall("seccomp")
    descriptor = libc.syscall(
        ctypes.c_long(seccomp or -1), SET_MODE_FILTER, ctypes.c_ulong(NEW_LISTENER), ctypes.byref(program)
    )
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return int(descriptor)


def run_to_step(listener: int, process: int, step: int, seconds: float) -> int:
    """Lets a process go on until it is about to do a step, and kills it there.

    Args:
        listener: its notify descriptor. process: its pidfd.
        step: counted from 1; 0: it is not killed. seconds: how long it may take.

    Returns:
        the steps that it was about to do, the last one too.

    Raises:
        TimeoutError: it does not end.
    """
    steps = 0
    while True:
        ready = select.select([listener, process], [], [], seconds)[0]
        if not ready:
            raise TimeoutError(f"it does not end after {steps} steps")
        if process in ready:
            return steps
        number = _received(listener)
        if number is None:
            continue
        steps += 1
        if steps == step:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], seconds)
            return steps
        _go_on(listener, number)


def _received(listener: int) -> int | None:
    """The number of a call that waits; None if its process died meanwhile."""
    buffer = bytearray(NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, RECEIVE, buffer)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):
            return None
        raise
    return int(NOTIFICATION.unpack(buffer)[0])


def _go_on(listener: int, number: int) -> None:
    try:
        fcntl.ioctl(listener, SEND, ANSWER.pack(number, 0, 0, CONTINUE))
    except OSError as error:
        if error.errno != errno.ENOENT:  # it died meanwhile
            raise
