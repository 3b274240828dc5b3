"""Rules of `linux.seccomp`."""

from __future__ import annotations

from tiffin.spec.runtime.validation.problem import WARNING, Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.spec.runtime.validation.problem import Tree

_SECCOMP = "config-linux.md: Seccomp"
_PATH = "linux.seccomp."
_WITH_ERRNO = ("SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "", None)
_ARGUMENTS = 6  # of a system call


def default_action(seccomp: Tree) -> Iterator[Problem]:
    action = seccomp.get("defaultAction")
    if action == "SCMP_ACT_NOTIFY":
        message = "SCMP_ACT_NOTIFY cannot be the default: the runtime's own calls would wait for ever"
        yield Problem(_PATH + "defaultAction", message, "seccomp.notify.default", _SECCOMP)
    if seccomp.get("defaultErrnoRet") is not None and action not in _WITH_ERRNO:
        message = f"{action} returns no errno"
        yield Problem(_PATH + "defaultErrnoRet", message, "seccomp.errno", _SECCOMP, WARNING)
    if not action and seccomp.get("syscalls"):
        message = "is required; only a profile without syscalls, which filters nothing, may leave it out"
        yield Problem(_PATH + "defaultAction", message, "seccomp.default", _SECCOMP)


def syscalls(seccomp: Tree) -> Iterator[Problem]:
    for index, entry in enumerate(seccomp.get("syscalls") or ()):
        action = entry.get("action")
        if entry.get("errnoRet") is not None and action not in _WITH_ERRNO:
            message = f"{action} returns no errno"
            where = f"{_PATH}syscalls[{index}].errnoRet"
            yield Problem(where, message, "seccomp.errno", _SECCOMP, WARNING)
        if not entry.get("names") and entry.get("names") is not None:
            where = f"{_PATH}syscalls[{index}].names"
            yield Problem(where, "is empty", "seccomp.names", _SECCOMP, WARNING)
        if entry.get("args"):
            yield from _arguments(entry, f"{_PATH}syscalls[{index}].args")


def _arguments(entry: Tree, where: str) -> Iterator[Problem]:
    for index, argument in enumerate(entry["args"]):
        number = argument.get("index") or 0
        if number >= _ARGUMENTS:
            message = f"{number} is not from 0 to {_ARGUMENTS - 1}"
            yield Problem(f"{where}[{index}].index", message, "seccomp.argument", _SECCOMP)


def listener(seccomp: Tree) -> Iterator[Problem]:
    """SCMP_ACT_NOTIFY needs someone to notify, and must leave the runtime the call by which it does so."""
    path = seccomp.get("listenerPath")
    notified = [
        (index, entry)
        for index, entry in enumerate(seccomp.get("syscalls") or ())
        if entry.get("action") == "SCMP_ACT_NOTIFY"
    ]
    if seccomp.get("listenerMetadata") and not path:
        message = "must not be set without listenerPath"
        yield Problem(_PATH + "listenerMetadata", message, "seccomp.metadata", _SECCOMP, WARNING)
    if notified and not path:
        message = "is needed for SCMP_ACT_NOTIFY"
        yield Problem(_PATH + "listenerPath", message, "seccomp.listener", _SECCOMP)
    for index, entry in notified:
        if "write" in (entry.get("names") or ()):
            message = "write cannot be notified: the runtime needs it"
            yield Problem(f"{_PATH}syscalls[{index}].names", message, "seccomp.notify.write", _SECCOMP)


RULES = (default_action, syscalls, listener)
