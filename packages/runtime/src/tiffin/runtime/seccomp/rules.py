"""Reads a seccomp profile into rules, and refuses what makes no sense, with its JSON path. Knows no libseccomp."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidArgument
from ..record import Record
from . import names

WHERE = "linux.seccomp"
VALUE_MAXIMUM = (1 << 64) - 1


class Condition(Record):
    """One comparison: `argument operator value`, or `argument & value == value_two`; argument is 0 to 5."""

    argument: int
    operator: int
    value: int
    value_two: int


class Rule(Record):
    """One name of one entry of `syscalls`; its conditions are all to hold.

    action: as the filter returns it, with its errno.
    where: JSON path of the entry.
    """

    name: str
    action: int
    conditions: tuple[Condition, ...]
    where: str


class Profile(Record):
    """A whole linux.seccomp section. flags is None if the section has no `flags` at all: then a default applies."""

    default_action: int
    permissive: bool
    architectures: tuple[str, ...]
    flags: int | None
    rules: tuple[Rule, ...]
    notifies: bool


def read_profile(tree: dict[str, Any]) -> Profile:
    """The profile as values.

    Raises:
        InvalidArgument: a name, a number or a combination cannot be used; the text names the JSON path.
    """
    default = tree.get("defaultAction")
    where = f"{WHERE}.defaultAction"
    action = read_action(default, tree.get("defaultErrnoRet"), where, f"{WHERE}.defaultErrnoRet")
    if default == "SCMP_ACT_NOTIFY":
        raise InvalidArgument(
            f"{where}: SCMP_ACT_NOTIFY cannot be the default: nobody could start the container"
        )
    entries = list(enumerate(tree.get("syscalls") or ()))
    rules = tuple(
        rule for number, entry in entries for rule in read_entry(entry, f"{WHERE}.syscalls[{number}]")
    )
    notifies = any(entry.get("action") == "SCMP_ACT_NOTIFY" for _, entry in entries)
    return Profile(
        default_action=action,
        permissive=default in names.PERMISSIVE_ACTIONS,
        architectures=tuple(read_architectures(tree)),
        flags=read_flags(tree, notifies=notifies),
        rules=rules,
        notifies=notifies,
    )


def read_action(name: Any, errno: int | None, where: str, errno_where: str) -> int:
    """An action with its errno; where the action takes none, an errno means nothing, as in runc."""
    if name not in names.ACTIONS:
        raise InvalidArgument(f"{where}: {name!r} is no seccomp action; there are {', '.join(names.ACTIONS)}")
    value, maximum, _ = names.ACTIONS[name]
    if maximum == 0:
        return value
    if errno is None:
        errno = names.ERRNO_DEFAULT
    if not 0 <= errno <= maximum:
        raise InvalidArgument(f"{errno_where}: {errno} is not from 0 to {maximum}")
    return value | errno


def read_entry(entry: dict[str, Any], where: str) -> list[Rule]:
    """The rules of one entry of `syscalls`: one for each name, or one for each condition (`split_conditions`)."""
    action = read_action(entry.get("action"), entry.get("errnoRet"), f"{where}.action", f"{where}.errnoRet")
    arguments = enumerate(entry.get("args") or ())
    conditions = [read_condition(tree, f"{where}.args[{number}]") for number, tree in arguments]
    rules = []
    for number, name in enumerate(entry.get("names") or ()):
        if not name:
            raise InvalidArgument(f"{where}.names[{number}]: the name of a system call is empty")
        if entry["action"] == "SCMP_ACT_NOTIFY" and name in names.NEEDED_BY_NOTIFY:
            raise InvalidArgument(
                f"{where}.names[{number}]: SCMP_ACT_NOTIFY cannot be used for {name}, by which the listener itself "
                "is told about the container"
            )
        rules += [Rule(name, action, group, where) for group in split_conditions(conditions)]
    return rules


def split_conditions(conditions: list[Condition]) -> list[tuple[Condition, ...]]:
    """All conditions of an entry must hold, unless two are about the same argument: then each is a rule of its own.

    So it is in runc, since profiles exist that list alternatives for one argument.
    """
    indices = [condition.argument for condition in conditions]
    if len(set(indices)) == len(indices):
        return [tuple(conditions)]
    return [(condition,) for condition in conditions]


def with_several_limits(rules: tuple[Rule, ...]) -> list[str]:
    """The system calls that have several limits of one argument, one of them beyond 32 bits.

    libseccomp (2.5.4) compares an argument as two words. Where the upper words of two limits differ, its program may
    take the default action though the second one holds; runc's profiles get the same one.
    """
    limits: dict[tuple[str, int], set[tuple[int, int]]] = {}
    for rule in rules:
        for one in rule.conditions:
            if one.operator in names.LIMITS:
                limits.setdefault((rule.name, one.argument), set()).add((one.operator, one.value))
    several = {
        name for (name, _), found in limits.items() if len(found) > 1 and max(map(_value, found)) >> 32
    }
    return sorted(several)


def _value(limit: tuple[int, int]) -> int:
    return limit[1]


def read_condition(tree: dict[str, Any], where: str) -> Condition:
    index, operator = tree.get("index", 0), tree.get("op")
    if operator not in names.OPERATORS:
        known = ", ".join(names.OPERATORS)
        raise InvalidArgument(f"{where}.op: {operator!r} is no seccomp operator; there are {known}")
    if not 0 <= index <= names.ARGUMENT_INDEX_MAXIMUM:
        raise InvalidArgument(f"{where}.index: {index}: a system call has arguments 0 to 5")
    values = {key: tree.get(key) or 0 for key in ("value", "valueTwo")}
    for key, value in values.items():
        if not 0 <= value <= VALUE_MAXIMUM:
            raise InvalidArgument(f"{where}.{key}: {value} does not fit in 64 bits")
    return Condition(index, names.OPERATORS[operator], values["value"], values["valueTwo"])


def read_architectures(tree: dict[str, Any]) -> list[str]:
    listed = tree.get("architectures") or []
    for number, name in enumerate(listed):
        if name not in names.ARCHITECTURES:
            raise InvalidArgument(
                f"{WHERE}.architectures[{number}]: {name!r} is no architecture of the runtime-spec"
            )
    return list(listed)


def read_flags(tree: dict[str, Any], *, notifies: bool) -> int | None:
    if tree.get("flags") is None:
        return None
    flags = 0
    for number, name in enumerate(tree["flags"]):
        where = f"{WHERE}.flags[{number}]"
        if name not in names.FLAGS:
            raise InvalidArgument(f"{where}: {name!r} is no seccomp flag; there are {', '.join(names.FLAGS)}")
        flags |= names.FLAGS[name]
        if names.FLAGS[name] == names.FLAG_WAIT_KILLABLE_RECV and not notifies:
            raise InvalidArgument(f"{where}: {name} is for SCMP_ACT_NOTIFY, which no rule has")
    return flags
