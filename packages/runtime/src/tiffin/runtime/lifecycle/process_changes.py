"""Which process exec runs: that of the container's config, changed by flags, or one from a file."""

from __future__ import annotations

from ..errors import InvalidArgument, NotFound
from ..record import Record
from ..state.files import read_file
from .config import check_process, decode_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.spec.runtime.tree import ConfigTree, ProcessTree

    from .settings import Warner

MAXIMUM_ID = 0xFFFFFFFF


class ProcessChanges(Record):
    """What the flags of exec change in the process of the config; an empty value changes nothing.

    user: `UID` or `UID:GID`. no_new_privileges: None leaves the config's.
    tty: replaces the config's `terminal`, as with runc.
    """

    args: tuple[str, ...]
    cwd: str = ""
    env: tuple[str, ...] = ()
    tty: bool = False
    user: str = ""
    additional_gids: tuple[int, ...] = ()
    capabilities: tuple[str, ...] = ()
    no_new_privileges: bool | None = None
    apparmor: str = ""
    process_label: str = ""


def process_of_file(path: str, log: Warner) -> ProcessTree:
    """The process of `--process FILE`.

    Raises:
        NotFound: no such file. InvalidArgument: it is not a process object.
    """
    try:
        data = read_file(path)
    except FileNotFoundError as error:
        raise NotFound(f"open {path}: no such file or directory") from error
    tree: Any = decode_tree(data, source=path)
    check_process(tree, log)
    process: ProcessTree = tree
    return process


def changed_process(config: ConfigTree, changes: ProcessChanges, log: Warner) -> ProcessTree:
    """The config's process with the flags' changes; the config stays as it is.

    Raises:
        InvalidArgument: a flag's value cannot be used; the message names it.
    """
    if not changes.args:
        raise InvalidArgument("exec args cannot be empty")
    process: Any = dict(config.get("process") or {"cwd": "/", "user": {"uid": 0, "gid": 0}})
    process["args"] = list(changes.args)
    process["terminal"] = changes.tty
    process.pop("consoleSize", None)
    for name, value in (
        ("cwd", changes.cwd),
        ("apparmorProfile", changes.apparmor),
        ("selinuxLabel", changes.process_label),
    ):
        if value:
            process[name] = value
    if changes.env:
        process["env"] = [*process.get("env", ()), *changes.env]
    if changes.no_new_privileges is not None:
        process["noNewPrivileges"] = changes.no_new_privileges
    if changes.capabilities:
        process["capabilities"] = _with_capabilities(process.get("capabilities") or {}, changes.capabilities)
    process["user"] = _changed_user(process.get("user") or {}, changes)
    check_process(process, log)
    return process  # type: ignore[no-any-return]


def _with_capabilities(sets: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Ambient only where the config has inheritable ones, which they need (CVE-2022-29162)."""
    changed = dict(sets)
    kinds = ["bounding", "effective", "permitted"]
    if sets.get("inheritable"):
        kinds.append("ambient")
    for kind in kinds:
        changed[kind] = [*sets.get(kind, ()), *names]
    return changed


def _changed_user(user: dict[str, Any], changes: ProcessChanges) -> dict[str, Any]:
    changed = dict(user)
    if changes.user:
        uid, colon, gid = changes.user.partition(":")
        changed["uid"] = _number(uid, "bad uid")
        if colon:
            changed["gid"] = _number(gid, "bad gid")
    for gid_number in changes.additional_gids:
        if not 0 <= gid_number <= MAXIMUM_ID:
            raise InvalidArgument(f"additional-gids must be a positive number {gid_number}")
    if changes.additional_gids:
        changed["additionalGids"] = [*user.get("additionalGids", ()), *changes.additional_gids]
    return changed


def _number(text: str, problem: str) -> int:
    if not text.isdecimal() or int(text) > MAXIMUM_ID:
        raise InvalidArgument(f'{problem}: "{text}": a number from 0 to {MAXIMUM_ID} is needed')
    return int(text)
