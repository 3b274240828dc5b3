"""System calls that may be missing from an old kernel, or closed by the seccomp filter that this process runs under."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os

from .kernel import Missing, prctl, syscall

PR_SET_MM, PR_SET_MM_MAP_SIZE = 35, 15  # <linux/prctl.h>
# arguments that a kernel with the call refuses for another reason than ENOSYS, and that change nothing
HARMLESS: dict[str, tuple[object, ...]] = {
    "openat2": (-1, None, None, 0),
    "open_tree": (-1, None, 0xFFFFFFFF),
    "move_mount": (-1, None, -1, None, 0xFFFFFFFF),
    "fsopen": (None, 0xFFFFFFFF),
    "mount_setattr": (-1, None, 0xFFFFFFFF, None, 0),
    "clone3": (None, 0),
    "pidfd_open": (-1, 0),
    "pidfd_send_signal": (-1, 0, None, 0),
    "close_range": (1, 0, 0),
    "io_uring_setup": (0, None),
    "get_mempolicy": (None, None, 0, None, 0),
}


def system_call(name: str) -> str:
    """Whether the call exists and is not closed."""
    try:
        syscall(name, *HARMLESS[name])
    except OSError as error:
        if error.errno == errno.ENOSYS:
            raise Missing("not in this kernel (or hidden by a seccomp filter)") from error
        if error.errno in {errno.EPERM, errno.EACCES} and name not in _PRIVILEGED:
            raise Missing("closed by a seccomp filter or a setting") from error
    return "works"


# these ask for CAP_SYS_ADMIN before they look at their arguments
_PRIVILEGED = frozenset({"fsopen", "move_mount", "open_tree", "mount_setattr"})


def memfd_seal() -> str:
    """An anonymous file that nobody can write to any more."""
    descriptor = os.memfd_create("probe", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL)
    try:
        os.write(descriptor, b"x")
    except PermissionError:
        return "works"
    raise Missing("a sealed memfd could be written to")


def checkpoint() -> str:
    """CONFIG_CHECKPOINT_RESTORE, which this call is only there with."""
    size = ctypes.c_uint(0)
    prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, ctypes.byref(size))
    return "the kernel is built with it"
