"""What this kernel's seccomp can do, found by asking it; nothing is installed."""

from __future__ import annotations

import ctypes
import errno

from . import names
from .library import Library

ACTIONS_AVAILABLE = "/proc/sys/kernel/seccomp/actions_avail"
SECCOMP_SET_MODE_FILTER = 1


def flag_is_supported(library: Library, flag: int) -> bool:
    """Whether seccomp(2) takes a SECCOMP_FILTER_FLAG_* bit.

    With no program the kernel answers EFAULT if it knows the flags, and EINVAL if not (seccomp(2), since 3.17).
    """
    number = library.syscall("seccomp")
    if number is None:
        return False
    if flag == names.FLAG_WAIT_KILLABLE_RECV:
        flag |= names.FLAG_NEW_LISTENER  # it is valid with a listener only
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    arguments = (ctypes.c_long(number), ctypes.c_long(SECCOMP_SET_MODE_FILTER), ctypes.c_long(flag), None)
    return call(*arguments) < 0 and ctypes.get_errno() == errno.EFAULT


def available_actions() -> list[str]:
    """The profile's names of the actions that this kernel has (since Linux 4.14); [] without seccomp."""
    try:
        with open(ACTIONS_AVAILABLE, encoding="ascii") as file:
            known = file.read().split()
    except FileNotFoundError:
        return []
    return sorted(action for action, (_, _, name) in names.ACTIONS.items() if name in known)
