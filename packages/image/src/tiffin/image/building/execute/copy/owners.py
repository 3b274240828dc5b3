"""`--chown`, with names looked up in the root file system that is copied to."""

from __future__ import annotations

from tiffin.image.building.dockerfile.error import Problem
from tiffin.runtime.record import Record
from tiffin.spec.bundle.account import AccountError, find_user


class Owner(Record):
    """Whom a file belongs to."""

    uid: int
    gid: int


ROOT = Owner(0, 0)


def find_owner(rootfs: str, text: str) -> Owner:
    """The owner for `user`, `uid`, `user:group` and so on; an id alone is the group's too, as Docker has it.

    Raises Problem: there is no such user or group.
    """
    try:
        found = find_user(rootfs, text)
    except AccountError as error:
        raise Problem(f"--chown={text}: {error}") from None
    alone = text.isascii() and text.isdigit()
    return Owner(found.uid, found.uid if alone else found.gid)
