"""Who runs it: `process.user`, looked up in the image's own /etc/passwd and /etc/group."""

from __future__ import annotations

import os

from tiffin.cli.parse import UsageError
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import ConfigTree

MOST_ID = 2**31 - 1  # as Docker: what every libc takes
MOST_BYTES = 16 * 1024 * 1024
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def apply_user(config: ConfigTree, arguments: Arguments, context: Context, rootfs: str) -> None:
    """Sets the user and the groups; HOME too, unless it is set already.

    Args:
        rootfs: where the image is unpacked.

    Raises:
        UsageError: for a name that the image does not know.
    """
    text = arguments.text("user") or context.image.get("User") or "0"
    identity = look_up(text, lambda path: _read(rootfs, path), arguments.texts("group-add"))
    config["process"]["user"] = {"uid": identity.uid, "gid": identity.gid}
    if context.groups:
        config["process"]["user"]["additionalGids"] = list(identity.groups)
    elif arguments.given("group-add"):
        raise UsageError("--group-add: this user has one group id only: see /etc/subgid, or run as root")
    if not any(text.startswith("HOME=") for text in config["process"]["env"]):
        config["process"]["env"].append(f"HOME={identity.home}")


class Identity(Record):
    """Who runs a process. groups: all of them."""

    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str


def look_up(text: str, read: Callable[[str], str], more: Sequence[str] = ()) -> Identity:
    """Who `USER[:GROUP]` is.

    Args:
        read: content of a file of the image, by its path in it; "" if there is none.
        more: further groups, by name or number.

    Raises:
        UsageError: for a name that the image does not know.
    """
    user, _, group = text.partition(":")
    groups = [line.split(":") for line in read("etc/group").splitlines() if line.count(":") >= 3]
    account = _account(user or "0", [line.split(":") for line in read("etc/passwd").splitlines()])
    gid, additional = account.gid, []
    if group:
        gid = _group("user", group, groups)
    elif account.name:
        additional = [int(row[2]) for row in groups if account.name in row[3].split(",") and _is_id(row[2])]
    additional += [_group("group-add", name, groups) for name in more]
    # the primary group too: else a file that denies it something could not be told from others (CVE-2023-25173)
    return Identity(account.uid, gid, tuple(dict.fromkeys([gid, *additional])), account.home)


class Account(Record):
    """A line of /etc/passwd, as far as it matters; name: "" if there is none."""

    name: str
    uid: int
    gid: int
    home: str


def _account(text: str, passwd: list[list[str]]) -> Account:
    """A number need not be in the file; a name that is a number goes before that number."""
    rows = [row for row in passwd if len(row) >= 4 and _is_id(row[2]) and _is_id(row[3])]
    for row in [row for row in rows if row[0] == text] or [row for row in rows if row[2] == text]:
        return Account(row[0], int(row[2]), int(row[3]), (row[5] if len(row) > 5 else "") or "/")
    if not _is_number(text):
        raise UsageError(
            f"--user: the image has no user {text!r} in its /etc/passwd; a number needs no entry there"
        )
    return Account("", _id("user", text), 0, "/")


def _group(flag: str, text: str, groups: list[list[str]]) -> int:
    rows = [row for row in groups if _is_id(row[2])]
    for row in [row for row in rows if row[0] == text] or [row for row in rows if row[2] == text]:
        return int(row[2])
    if not _is_number(text):
        raise UsageError(
            f"--{flag}: the image has no group {text!r} in its /etc/group; a number needs no entry there"
        )
    return _id(flag, text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_id(text: str) -> bool:
    return _is_number(text) and len(text) <= 10 and int(text) <= MOST_ID


def _id(flag: str, text: str) -> int:
    if not _is_id(text):
        raise UsageError(f"--{flag}: {text[:40]} is out of range (0 to {MOST_ID})")
    return int(text)


def _read(rootfs: str, path: str) -> str:
    """A file of the image, "" if there is none; links in it are followed inside the image only."""
    try:
        descriptor = _open(rootfs, path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    with open(descriptor, "rb") as file:
        return file.read(MOST_BYTES).decode("utf-8", "surrogateescape")


def _open(rootfs: str, path: str) -> int:
    """Almost always neither the file nor its folder is a link: then no system call is needed that Python lacks."""
    above = os.path.dirname(path)
    if not os.path.islink(os.path.join(rootfs, above)) and not os.path.islink(os.path.join(rootfs, path)):
        return os.open(os.path.join(rootfs, path), FILE)
    from tiffin.image.layers.root import Root

    with Root(rootfs) as root:
        return root.open(path.encode(), FILE & ~os.O_NOFOLLOW)


def read_of_process(pid: int, path: str) -> str:
    """A file in the root of a process, "" if there is none; no link that it makes meanwhile leads out of that."""
    from tiffin.image.layers.root import Root

    with Root(f"/proc/{pid}/root") as root:
        try:
            descriptor = root.open(path.encode(), FILE & ~os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            return ""
        with open(descriptor, "rb") as file:
            return file.read(MOST_BYTES).decode("utf-8", "surrogateescape")
