"""Namespaces, as this user and without root."""

from __future__ import annotations

import ctypes
import os

from .kernel import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWTIME,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    PR_SET_DUMPABLE,
    Missing,
    mount,
    prctl,
    private_mounts,
    read,
    sethostname,
    unshare,
    write,
)

FLAGS = {
    "mount": CLONE_NEWNS,
    "pid": CLONE_NEWPID,
    "network": CLONE_NEWNET,
    "uts": CLONE_NEWUTS,
    "ipc": CLONE_NEWIPC,
    "cgroup": CLONE_NEWCGROUP,
    "time": CLONE_NEWTIME,
}
NOBODY = 65534
# settings that close user namespaces to ordinary users, and the value that does
LOCKS = {
    "/proc/sys/user/max_user_namespaces": "0",
    "/proc/sys/kernel/unprivileged_userns_clone": "0",  # Debian's patch
    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1",  # Ubuntu's patch, 23.10
}


def namespace(kind: str) -> str:
    """A new namespace of this kind: directly, or together with a user namespace."""
    try:
        unshare(FLAGS[kind])
    except PermissionError:
        enter_user_namespace()
        unshare(FLAGS[kind])
        return "inside a new user namespace"
    return "works"


def enter_user_namespace() -> None:
    """A new user namespace in which this user is root; raises Missing, naming the setting that closes them."""
    uid, gid = os.geteuid(), os.getegid()
    try:
        unshare(CLONE_NEWUSER)
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"0 {uid} 1")
        write("/proc/self/gid_map", f"0 {gid} 1")
    except OSError as error:
        raise Missing(f"{error.strerror}{locks()}") from error


def locks() -> str:
    """The settings of this host that are known to close user namespaces, as ` (name=value ...)`."""
    closed = []
    for name, value in LOCKS.items():
        if os.path.exists(name) and read(name).strip() == value:
            closed.append(f"{name.removeprefix('/proc/sys/').replace('/', '.')}={value}")
    return f" ({', '.join(closed)})" if closed else ""


def userns() -> str:
    """A user namespace, made by this user."""
    enter_user_namespace()
    return "works"


def become_nobody() -> None:
    """Gives up root, if this is root, and stays able to write its own /proc/self/uid_map."""
    if os.geteuid() != 0:
        return
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    prctl(PR_SET_DUMPABLE, 1)


def userns_rootless() -> str:
    """As an ordinary user: a user namespace whose root can really do something (a locked-down host takes that away)."""
    become_nobody()
    enter_user_namespace()
    try:
        private_mounts()
        unshare(CLONE_NEWUTS)
        sethostname("tiffin-probe")
    except OSError as error:
        raise Missing(f"made, but without power inside: {error.strerror}{locks()}") from error
    return "works"


def userns_proc() -> str:
    """As an ordinary user: a fresh /proc in new user, pid and mount namespaces (refused where it is partly covered)."""
    become_nobody()
    enter_user_namespace()
    unshare(CLONE_NEWPID)
    child = os.fork()
    if child == 0:
        try:
            ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG: ends with its parent
            private_mounts()
            mount("proc", "/proc", "proc")
        except OSError as error:
            os._exit(error.errno or 1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        raise Missing(f"mount of proc: {os.strerror(code)}")
    return "works"
