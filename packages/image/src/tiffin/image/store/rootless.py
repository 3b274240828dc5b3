"""Without root: a user namespace in which this user is root, with a range of other ids if there is one for them.

newuidmap and newgidmap (package uidmap), and lines in /etc/subuid and /etc/subgid: 65536 ids, as podman has it
otherwise: one id; every file of the image then belongs to the caller
"""

from __future__ import annotations

import os

from tiffin.image.errors import FailedPrecondition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000
TOOLS = ("newuidmap", "newgidmap")
SCRIPT = 'read -r go && newuidmap "$1" 0 "$2" 1 1 "$4" "$5" && newgidmap "$1" 0 "$3" 1 1 "$6" "$7"'


CAP_SYS_ADMIN = 21


def is_needed() -> bool:
    """Whether this process may not mount and map ids as root: it is not, or lacks CAP_SYS_ADMIN."""
    if os.geteuid() != 0:
        return True
    with open("/proc/self/status") as file:
        permitted = next(int(line.split()[1], 16) for line in file if line.startswith("CapPrm:"))
    return not permitted >> CAP_SYS_ADMIN & 1


def enter_user_namespace() -> None:
    """Makes this process root in a new user namespace; it must have one thread only.

    Raises:
        FailedPrecondition: if this host does not let its users do that; the text names what is in the way.
    """
    from tiffin.image.kernel import unshare

    uid, gid = os.geteuid(), os.getegid()
    ranges = _subordinate(uid)
    ready, go = os.pipe()
    helper = _spawn_helper(ready, (uid, gid), ranges) if ranges else 0
    os.close(ready)
    try:
        unshare(CLONE_NEWUSER | CLONE_NEWNS)  # both: AppArmor lets the first pass, and then denies the second
    except OSError as error:
        os.close(go)
        if helper:
            os.waitpid(helper, 0)
        raise FailedPrecondition(_blocker(error)) from error
    if helper:
        os.write(go, b"\n")
        os.close(go)
        status = os.waitpid(helper, 0)[1]
        if status != 0:
            raise FailedPrecondition(
                "newuidmap or newgidmap failed (see above): are /etc/subuid and /etc/subgid right?"
            )
    else:
        os.close(go)
        _map_one(uid, gid)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def join_user_namespace(pid: int) -> None:
    """Makes this process root in the user namespace of a process of the same user; it must have one thread only.

    Raises:
        OSError: the process has ended, or its namespace is not one of this user's.
    """
    from tiffin.image.kernel import setns, unshare

    namespace = os.open(f"/proc/{pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(namespace, CLONE_NEWUSER)
    finally:
        os.close(namespace)
    unshare(CLONE_NEWNS)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _spawn_helper(ready: int, ids: tuple[int, int], ranges: Sequence[str]) -> int:
    """A shell outside of the new namespace, which waits until it exists, and then maps the ids."""
    words = ["sh", "-c", SCRIPT, "sh", str(os.getpid()), *map(str, ids), *ranges]
    return os.posix_spawn("/bin/sh", words, dict(os.environ), file_actions=[(os.POSIX_SPAWN_DUP2, ready, 0)])


def _map_one(uid: int, gid: int) -> None:
    """user_namespaces(7): without privileges outside, setgroups(2) must be given up before gid_map is written."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _subordinate(uid: int) -> list[str]:
    """First id and count of this user's range, for uids and for gids; empty if one is missing."""
    if not all(any(os.access(os.path.join(folder, tool), os.X_OK) for folder in _path()) for tool in TOOLS):
        return []
    names = {str(uid), _account_name(uid)}
    found: list[str] = []
    for path in ("/etc/subuid", "/etc/subgid"):
        rows = [line.split(":") for line in _lines(path)]
        mine = [row[1:3] for row in rows if len(row) == 3 and row[0] in names and row[2] != "0"]
        if not mine:
            return []
        found += mine[0]
    return found


def _account_name(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # an id without an account, as in many containers
        return str(uid)


def _path() -> list[str]:
    return os.environ.get("PATH", os.defpath).split(":")


def _lines(path: str) -> list[str]:
    try:
        with open(path) as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def _blocker(error: OSError) -> str:
    """Why there is no user namespace, and what to do."""
    switches = (
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
        ("/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
    )
    start = f"this host does not let its users make user namespaces ({error.strerror})"
    for path, bad, remedy in switches:
        if [line.strip() for line in _lines(path)] == [bad]:
            return f"{start}: root can allow it with `sysctl -w {remedy}`; or run as root"
    if os.geteuid() == 0:
        return (
            f"this root lacks CAP_SYS_ADMIN, and {start}: give its container more privileges (--privileged)"
        )
    return f"{start}: run as root, or see what `tiffin doctor` says"
