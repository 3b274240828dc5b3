"""What a seccomp profile means, straight from the runtime-spec, for profiles that name each system call once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

EPERM, ENOSYS = 1, 38
RETURNS = {
    "SCMP_ACT_KILL": 0x00000000,
    "SCMP_ACT_KILL_THREAD": 0x00000000,
    "SCMP_ACT_KILL_PROCESS": 0x80000000,
    "SCMP_ACT_TRAP": 0x00030000,
    "SCMP_ACT_ERRNO": 0x00050000,
    "SCMP_ACT_NOTIFY": 0x7FC00000,
    "SCMP_ACT_TRACE": 0x7FF00000,
    "SCMP_ACT_LOG": 0x7FFC0000,
    "SCMP_ACT_ALLOW": 0x7FFF0000,
}
COMPARE: dict[str, Callable[[int, int, int], bool]] = {
    "SCMP_CMP_NE": lambda argument, value, _: argument != value,
    "SCMP_CMP_LT": lambda argument, value, _: argument < value,
    "SCMP_CMP_LE": lambda argument, value, _: argument <= value,
    "SCMP_CMP_EQ": lambda argument, value, _: argument == value,
    "SCMP_CMP_GE": lambda argument, value, _: argument >= value,
    "SCMP_CMP_GT": lambda argument, value, _: argument > value,
    "SCMP_CMP_MASKED_EQ": lambda argument, value, other: argument & value == other,
}


def action_of(tree: Mapping[str, Any], action: str, errno: str) -> int:
    value = RETURNS[tree[action]]
    if tree[action] in {"SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"}:
        given = tree.get(errno)
        value |= EPERM if given is None else given
    return value


def expected(
    profile: Mapping[str, Any],
    numbers: Mapping[str, int],
    number: int,
    arguments: Sequence[int],
    *,
    native: bool = True,
) -> int:
    """What the kernel should do.

    Args:
        numbers: of the system calls by name, on the architecture of the call.
        native: the call's architecture is in the filter.
    """
    if not native:
        return RETURNS["SCMP_ACT_KILL"]
    default = action_of(profile, "defaultAction", "defaultErrnoRet")
    named = [numbers[name] for entry in profile["syscalls"] for name in entry["names"] if name in numbers]
    permissive = profile["defaultAction"] in {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"}
    # a profile that names nothing beyond number 0 tells nothing of how old it is: its default counts
    if not permissive and number > max(named, default=0) > 0:
        return RETURNS["SCMP_ACT_ERRNO"] | ENOSYS
    for entry in profile["syscalls"]:
        if number in [numbers.get(name) for name in entry["names"]] and holds(
            entry.get("args", []), arguments
        ):
            return action_of(entry, "action", "errnoRet")
    return default


def holds(conditions: Sequence[Mapping[str, Any]], arguments: Sequence[int]) -> bool:
    """All conditions hold; or any, if two of them are about the same argument."""
    found = [
        COMPARE[one["op"]](arguments[one["index"]], one["value"], one.get("valueTwo", 0))
        for one in conditions
    ]
    indices = [one["index"] for one in conditions]
    return all(found) if len(set(indices)) == len(indices) else any(found)
