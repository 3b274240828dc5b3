"""Why this host makes no namespaces, and what can be done about it: the settings of the kernel that forbid it."""

from __future__ import annotations

import errno

from ..state.files import read_file

SYSCTLS = "/proc/sys"
CLONE_NEWUSER = 0x10000000
LIMITS = {  # linux/sched.h; namespaces(7), /proc/sys/user
    0x80: "time", 0x20000: "mnt", 0x2000000: "cgroup", 0x4000000: "uts", 0x8000000: "ipc", CLONE_NEWUSER: "user",
    0x20000000: "pid", 0x40000000: "net",
}  # fmt: skip
TOO_MANY = (errno.ENOSPC, errno.EUSERS)  # EUSERS: too deep
FORBIDDEN = (errno.EPERM, errno.EACCES)


def remedy(flags: int, number: int, *, later: bool = False, sysctls: str = SYSCTLS) -> str:
    """What keeps the kernel from making namespaces; "" if nothing is known to.

    Args:
        flags: CLONE_NEW* of those that were to be made.
        number: the errno that came back.
        later: in a user namespace that could be made, but may give no privileges.
        sysctls: where the settings are.
    """
    if number in TOO_MANY:
        return _limit(flags, sysctls)
    if number not in FORBIDDEN or not (later or flags & CLONE_NEWUSER):
        return ""
    if _value(f"{sysctls}/kernel/unprivileged_userns_clone") == 0:
        return "only root may make user namespaces here: sysctl kernel.unprivileged_userns_clone=1 allows it to all"
    if _value(f"{sysctls}/kernel/apparmor_restrict_unprivileged_userns") == 1:
        return (
            "AppArmor restricts user namespaces here: load a profile for tiffin-runtime that has `userns,`, or set "
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )
    if later:
        return ""
    return "user namespaces are forbidden here, by the seccomp profile of an outer container, SELinux, or a chroot"


def _limit(flags: int, sysctls: str) -> str:
    names = [f"max_{name}_namespaces" for flag, name in LIMITS.items() if flags & flag]
    spent = [name for name in names if _value(f"{sysctls}/user/{name}") == 0]
    if not names:
        return ""
    return f"the limit of namespaces is reached: raise sysctl {' and '.join(f'user.{name}' for name in spent or names)}"


def _value(path: str) -> int | None:
    """A setting, which a kernel may not have."""
    try:
        return int(read_file(path))
    except FileNotFoundError:
        return None
