"""Who runs it: `process.user`, looked up in the image's own /etc/passwd and /etc/group."""

from __future__ import annotations

import os

from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.cli.run.config.context import Context
    from tiffin.spec.runtime.tree import ConfigTree

MOST_ID = 2**31 - 1  # as Docker: what every libc takes
MOST_BYTES = 16 * 1024 * 1024
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def apply_user(config: ConfigTree, arguments: Arguments, context: Context, rootfs: str) -> None:
    """Sets the user and the groups.

    Args:
        rootfs: where the image is unpacked.

    Raises:
        UsageError: for a name that the image does not know.
    """
    user, _, group = (arguments.text("user") or context.image.get("User") or "0").partition(":")
    groups = [line.split(":") for line in _read(rootfs, "etc/group").splitlines() if line.count(":") >= 3]
    name, uid, gid = _user(
        user or "0", [line.split(":") for line in _read(rootfs, "etc/passwd").splitlines()]
    )
    if group:
        gid, additional = _group(group, groups), []
    else:
        additional = [int(row[2]) for row in groups if name in row[3].split(",") and row[2].isdigit()]
    additional += [_group(text, groups) for text in arguments.texts("group-add")]
    config["process"]["user"] = {"uid": uid, "gid": gid}
    if additional:
        config["process"]["user"]["additionalGids"] = list(dict.fromkeys(additional))


def _user(text: str, passwd: list[list[str]]) -> tuple[str, int, int]:
    """Name, uid and gid; a number need not be in the file."""
    for row in passwd:
        if len(row) >= 4 and row[2].isdigit() and row[3].isdigit() and text in (row[0], row[2]):
            return row[0], int(row[2]), int(row[3])
    if not text.isdigit():
        raise UsageError(
            f"--user: the image has no user {text!r} in its /etc/passwd; a number needs no entry there"
        )
    return "", _id("user", text), 0


def _group(text: str, groups: list[list[str]]) -> int:
    for row in groups:
        if row[2].isdigit() and text in (row[0], row[2]):
            return int(row[2])
    if not text.isdigit():
        raise UsageError(
            f"--user: the image has no group {text!r} in its /etc/group; a number needs no entry there"
        )
    return _id("group-add", text)


def _id(flag: str, text: str) -> int:
    number = int(text)
    if number > MOST_ID:
        raise UsageError(f"--{flag}: {number} is out of range (0 to {MOST_ID})")
    return number


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
