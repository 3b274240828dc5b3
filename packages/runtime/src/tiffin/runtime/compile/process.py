"""process: from the privileged init to the user's program. The same for create, run and exec.

Order, which is runc's: label, no_new_privs, scheduling, filter (if privileges are needed for it), bounding set, working
directory, ids, capabilities, descriptors, program, filter (as late as can be), start, startContainer hooks, execve.
"""

from __future__ import annotations

from ..plan.operations import (
    DIRECTORY_MAY_BE_DENIED,
    STEP_INIT,
    USER_KEEP_GROUPS,
    change_directory,
    close_descriptors,
    execute,
    find_program,
    set_environment_home,
    set_no_new_privileges,
    set_rlimit,
    set_umask,
    set_user,
)
from .capabilities import bounding_operation, capability_operation
from .groups import keeps_groups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiffin.spec.runtime.tree import LinuxTree, ProcessTree

    from ..plan.operation import Operation

RESOURCES = {  # asm-generic/resource.h
    "RLIMIT_CPU": 0, "RLIMIT_FSIZE": 1, "RLIMIT_DATA": 2, "RLIMIT_STACK": 3, "RLIMIT_CORE": 4, "RLIMIT_RSS": 5,
    "RLIMIT_NPROC": 6, "RLIMIT_NOFILE": 7, "RLIMIT_MEMLOCK": 8, "RLIMIT_AS": 9, "RLIMIT_LOCKS": 10,
    "RLIMIT_SIGPENDING": 11,
    "RLIMIT_MSGQUEUE": 12, "RLIMIT_NICE": 13, "RLIMIT_RTPRIO": 14, "RLIMIT_RTTIME": 15,
}  # fmt: skip
SIGNED = 1 << 63
DEFAULT_UMASK = 0o022
FIRST_PRESERVED = 3


def rlimit_operations(process: ProcessTree, prefix: str, step: int, options: int = 0) -> list[Operation]:
    """process.rlimits; in the launcher where init has no right to raise them any more.

    Args:
        options: LIMIT_ROOM: the launcher is about to lose that right too, and init sets them.
    """
    return [
        set_rlimit(
            step,
            f"{prefix}rlimits[{index}]",
            RESOURCES[limit["type"]],
            _signed(limit.get("soft", 0)),
            _signed(limit.get("hard", 0)),
            options,
        )
        for index, limit in enumerate(process.get("rlimits", ()))
    ]


def process_operations(
    process: ProcessTree,
    linux: LinuxTree,
    prefix: str,
    *,
    limits: Iterable[Operation],
    seccomp: Sequence[Operation],
    preserved: int,
    groups_denied: bool,
    before_exec: Iterable[Operation] = (),
) -> list[Operation]:
    """The last part of init's work.

    Args:
        prefix: `process.`, or "" for a process object that stands alone.
        limits: rlimits that init sets for itself. Late: few descriptors may be too few for what comes before.
        seccomp: the operations that load the filter.
        preserved: how many descriptors from 3 on the program inherits; less than none is none, as with runc.
        groups_denied: nobody may change groups in the process's user namespace.
        before_exec: what happens when all is ready: waiting for the start, and startContainer hooks.
    """
    operations: list[Operation] = []
    if process.get("apparmorProfile") or process.get("selinuxLabel"):
        from .labels import label_operations

        operations += label_operations(process, prefix)
    operations += (*_home(process, prefix), *limits)
    restricted = bool(process.get("noNewPrivileges"))
    if restricted:
        operations.append(set_no_new_privileges(STEP_INIT, f"{prefix}noNewPrivileges"))
    if "scheduler" in process or "ioPriority" in process or "personality" in linux or "memoryPolicy" in linux:
        from .scheduling import scheduling_operations

        operations += scheduling_operations(process, linux, prefix)
    if not restricted:
        operations += seccomp
    operations += _credentials(process, prefix, groups_denied=groups_denied)
    operations.append(close_descriptors(STEP_INIT, "", FIRST_PRESERVED + max(preserved, 0)))
    args = process.get("args", [""])
    operations.append(
        find_program(STEP_INIT, f"{prefix}args", args[0], value_of("PATH", process.get("env", ())))
    )
    if restricted:
        operations += seccomp
    operations += before_exec
    operations.append(execute(STEP_INIT, f"{prefix}args", process.get("args", ()), environment_of(process)))
    return operations


def _home(process: ProcessTree, prefix: str) -> list[Operation]:
    if value_of("HOME", process.get("env", ())):
        return []
    return [set_environment_home(STEP_INIT, f"{prefix}env", process.get("user", {}).get("uid", 0))]


def _credentials(process: ProcessTree, prefix: str, *, groups_denied: bool) -> list[Operation]:
    """Bounding set, working directory, ids, capabilities.

    The directory is entered with root's rights, so that a user may start in one that is not theirs; where root may
    not (NFS, FUSE), it is tried again as the user.
    """
    user = process.get("user", {})
    uid, gid, cwd = user.get("uid", 0), user.get("gid", 0), process.get("cwd", "/")
    groups = tuple(user.get("additionalGids", ()))
    options = USER_KEEP_GROUPS if keeps_groups(process, prefix, denied=groups_denied) else 0
    return [
        set_umask(STEP_INIT, f"{prefix}user.umask", user.get("umask", DEFAULT_UMASK)),
        bounding_operation(process, prefix),
        change_directory(STEP_INIT, f"{prefix}cwd", cwd, DIRECTORY_MAY_BE_DENIED),
        set_user(STEP_INIT, f"{prefix}user", uid, gid, groups, options),
        change_directory(STEP_INIT, f"{prefix}cwd", cwd, 0),
        capability_operation(process, prefix),
    ]


def environment_of(process: ProcessTree) -> tuple[str, ...]:
    """process.env, of a name that stands twice the later value at the earlier place; an empty HOME is left out."""
    values: dict[str, str] = {}
    for entry in process.get("env", ()):
        name, _, value = entry.partition("=")
        values[name] = value
    if values.get("HOME") == "":
        del values["HOME"]
    return tuple(f"{name}={value}" for name, value in values.items())


def value_of(name: str, environment: Sequence[str]) -> str:
    """The value of a variable, "" if it is not there."""
    prefix = name + "="
    found = ""
    for entry in environment:
        if entry.startswith(prefix):
            found = entry[len(prefix) :]
    return found


def _signed(limit: int) -> int:
    """rlim_t is unsigned, a plan's number is not; the core casts it back."""
    return limit - 2 * SIGNED if limit >= SIGNED else limit


__all__ = ["environment_of", "process_operations", "rlimit_operations", "value_of"]
