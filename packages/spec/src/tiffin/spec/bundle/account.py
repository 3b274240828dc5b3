"""Who `User` of an image's config is: looked up in the passwd and group files of the container's own root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiffin.spec.bundle.rootfs_file import read_rootfs_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID_LIMIT = 2**31 - 1
"""The highest id that runc, Docker and containerd take."""


class AccountError(LookupError):
    """A user or group that is not in the container's files."""


@dataclass(frozen=True, slots=True)
class ContainerUser:
    """The ids that the process gets, and the home directory that belongs to them."""

    uid: int = 0
    gid: int = 0
    additional_gids: tuple[int, ...] = ()
    home: str = "/"


@dataclass(frozen=True, slots=True)
class _PasswdEntry:
    name: str
    uid: int
    gid: int
    home: str


@dataclass(frozen=True, slots=True)
class _GroupEntry:
    name: str
    gid: int
    members: tuple[str, ...]


def find_user(rootfs: Path | str, user: str = "") -> ContainerUser:
    """The user that `user`, [user|uid][:group|gid], means in a root file system; empty means root.

    Without a group it gets the primary group of the passwd file, 0 if the uid is not there, and the groups that list
    its name as a member. A name that is a number stands for that id, unless there is an account of that very name.

    Raises AccountError for a name that is not in the files, or an id above 2147483647; OSError if a file is there
    but cannot be read.
    """
    name, _, group = (user or "0").partition(":")
    accounts = list(_passwd(rootfs))
    account = _find_account(accounts, name or "0")
    uid = account.uid if account else _id(name or "0", "user")
    gid = account.gid if account else 0
    groups = list(_groups(rootfs)) if group or account else []
    additional: tuple[int, ...] = ()
    if group:
        gid = _find_group(groups, group)
    elif account:
        additional = tuple(
            dict.fromkeys(one.gid for one in groups if account.name in one.members and one.gid != gid)
        )
    return ContainerUser(uid, gid, additional, (account.home if account else "") or "/")


def find_groups(rootfs: Path | str, names: list[str]) -> tuple[int, ...]:
    """The ids of further groups, by name or number. Raises as `find_user` does."""
    groups = list(_groups(rootfs)) if names else []
    return tuple(_find_group(groups, name) for name in names)


def _find_account(accounts: list[_PasswdEntry], name: str) -> _PasswdEntry | None:
    for account in accounts:
        if account.name == name:
            return account
    number = _number([name])
    for account in accounts:
        if account.uid == number:
            return account
    return None


def _find_group(groups: list[_GroupEntry], name: str) -> int:
    for group in groups:
        if group.name == name:
            return group.gid
    return _id(name, "group")


def _id(text: str, kind: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise AccountError(
            f"the container has no {kind} {text!r} in its /etc/{'passwd' if kind == 'user' else 'group'}"
        )
    if len(text) > 10 or int(text) > ID_LIMIT:
        raise AccountError(f"the {kind} id {text[:40]} is not from 0 to {ID_LIMIT}")
    return int(text)


def _passwd(rootfs: Path | str) -> Iterator[_PasswdEntry]:
    """passwd(5): name:password:uid:gid:comment:home:shell. Lines that are not of this form are skipped."""
    for fields in _lines(rootfs, "/etc/passwd"):
        uid, gid = _number(fields[2:3]), _number(fields[3:4])
        if fields[0] and uid is not None and gid is not None:
            yield _PasswdEntry(fields[0], uid, gid, fields[5] if len(fields) > 5 else "")


def _groups(rootfs: Path | str) -> Iterator[_GroupEntry]:
    """group(5): name:password:gid:member,member."""
    for fields in _lines(rootfs, "/etc/group"):
        gid = _number(fields[2:3])
        if fields[0] and gid is not None:
            yield _GroupEntry(fields[0], gid, tuple(fields[3].split(",")) if len(fields) > 3 else ())


def _number(fields: list[str]) -> int | None:
    text = fields[0] if fields else ""
    valid = text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= ID_LIMIT
    return int(text) if valid else None


def _lines(rootfs: Path | str, path: str) -> Iterator[list[str]]:
    content = read_rootfs_file(rootfs, path) or b""
    for line in content.decode("utf-8", "surrogateescape").split("\n"):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield stripped.split(":")
