"""Whom files belong to: as the layer says, mapped as a user namespace maps ids, or all to the caller."""

from __future__ import annotations

import os
from enum import Enum
from errno import EINVAL

from tiffin.image.errors import InvalidImage
from tiffin.runtime.record import Record

from .tar.entry import Entry

MOST_ID = 2**32 - 2  # (uid_t)-1 means "leave it as it is" to chown(2)
UNMAPPED = 65534  # /proc/sys/kernel/overflowuid


class Ownership(Enum):
    """What becomes of the owners in a layer."""

    KEEP = "keep"  # real root: everything is as in the layer
    MAPPED = "mapped"  # root in a user namespace with a range of ids: what is not mapped belongs to root
    SQUASH = "squash"  # one id only: everything belongs to the caller

    @classmethod
    def possible(cls) -> Ownership:
        """What this process may do, from its user id and /proc/self/uid_map (user_namespaces(7))."""
        if os.geteuid() != 0:
            return cls.SQUASH
        with open("/proc/self/uid_map") as file:
            rows = [tuple(map(int, line.split())) for line in file]
        if rows == [(0, 0, 4294967295)]:
            return cls.KEEP
        return cls.MAPPED if sum(row[2] for row in rows) > 1 else cls.SQUASH


class IdRange(Record):
    """A row of uid_map or gid_map: `size` ids from `container` on are those from `host` on."""

    container: int
    host: int
    size: int


class IdMaps(Record):
    """How ids of a layer become ids of the host, for a tree that a user namespace will use."""

    uids: tuple[IdRange, ...]
    gids: tuple[IdRange, ...]

    def to_host(self, uid: int, gid: int) -> tuple[int, int, bool]:
        """The ids on the host, and whether both are mapped: what is not belongs to the container's root."""
        host_uid, host_gid = _mapped(self.uids, uid), _mapped(self.gids, gid)
        whole = host_uid is not None and host_gid is not None
        root_uid, root_gid = _mapped(self.uids, 0), _mapped(self.gids, 0)
        if root_uid is None or root_gid is None:
            raise InvalidImage("the id maps have no root: what they do not map could belong to nobody")
        return root_uid if host_uid is None else host_uid, root_gid if host_gid is None else host_gid, whole

    def to_container(self, uid: int, gid: int) -> tuple[int, int]:
        """The ids in a layer; what is not mapped is UNMAPPED, as the kernel shows it in the namespace."""
        mapped_uid, mapped_gid = _mapped(_turned(self.uids), uid), _mapped(_turned(self.gids), gid)
        return (
            UNMAPPED if mapped_uid is None else mapped_uid,
            UNMAPPED if mapped_gid is None else mapped_gid,
        )


def _turned(ranges: tuple[IdRange, ...]) -> tuple[IdRange, ...]:
    return tuple(IdRange(row.host, row.container, row.size) for row in ranges)


def _mapped(ranges: tuple[IdRange, ...], number: int) -> int | None:
    for container, host, size in ranges:
        if container <= number < container + size:
            return int(host + number - container)
    return None


class Owners:
    """Gives files their owners.

    Args:
        ownership: what this process may do.
        ids: how ids are mapped before that; None where they stay.
    """

    def __init__(self, ownership: Ownership, ids: IdMaps | None = None) -> None:
        self.ownership = ownership
        self.ids = ids

    def give(self, entry: Entry, file: int | bytes, parent: int | None = None) -> bool:
        """Gives a file its owner; tells whether it is the one of the layer.

        Args:
            entry: what the layer says.
            file: a descriptor; or a name in the directory `parent`, which is not followed.

        Raises:
            InvalidImage: for an id that no file can have.
        """
        uid, gid = entry.uid, entry.gid
        if not (0 <= uid <= MOST_ID and 0 <= gid <= MOST_ID):
            raise InvalidImage(f"{entry.shown} in the layer belongs to {uid}:{gid}, which is out of range")
        if self.ownership is Ownership.SQUASH:
            return uid == 0 and gid == 0
        whole = True
        if self.ids is not None:
            uid, gid, whole = self.ids.to_host(uid, gid)
        try:
            if isinstance(file, int):
                os.fchown(file, uid, gid)
            else:
                os.chown(file, uid, gid, dir_fd=parent, follow_symlinks=False)
        except OSError as error:
            if self.ownership is Ownership.KEEP or error.errno != EINVAL:
                raise
            return False
        return whole
