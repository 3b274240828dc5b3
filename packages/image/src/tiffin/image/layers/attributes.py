"""What a file has beside its content: owner, mode, extended attributes, times.

The order matters to the kernel: chown(2) clears the set-user-id bits and `security.capability`, and everything
touches the time of change, so that the times come last.
"""

from __future__ import annotations

import os
import stat
from enum import Enum
from errno import EINVAL, ENOTSUP, EPERM
from tarfile import TarInfo

from tiffin.image.errors import InvalidImage

PAX_XATTR = "SCHILY.xattr."
MOST_ID = 2**32 - 2  # (uid_t)-1 means "leave it as it is" to chown(2)
NANOSECONDS = 10**9
# overlayfs reads these: from a layer they could redirect a directory, or uncover what is below
OVERLAYFS = ("trusted.overlay.", "user.overlay.")


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


def set_owner(entry: TarInfo, name: bytes, parent: int, ownership: Ownership) -> bool:
    """Gives a file its owner; tells whether it is the one of the layer.

    Raises:
        InvalidImage: for an id that no file can have.
    """
    if not (0 <= entry.uid <= MOST_ID and 0 <= entry.gid <= MOST_ID):
        raise InvalidImage(
            f"{entry.name!r} in the layer belongs to {entry.uid}:{entry.gid}, which is out of range"
        )
    if ownership is Ownership.SQUASH:
        return entry.uid == 0 and entry.gid == 0
    try:
        os.chown(name, entry.uid, entry.gid, dir_fd=parent, follow_symlinks=False)
    except OSError as error:
        if ownership is Ownership.KEEP or error.errno != EINVAL:
            raise
        return False
    return True


def extended(entry: TarInfo) -> dict[str, bytes]:
    """The extended attributes of an entry, as Docker, umoci and tar write them."""
    return {
        key[len(PAX_XATTR) :]: value.encode("utf-8", "surrogateescape")
        for key, value in entry.pax_headers.items()
        if key.startswith(PAX_XATTR) and not key.startswith(OVERLAYFS, len(PAX_XATTR))
    }


def set_extended(
    path: bytes | int, wanted: dict[str, bytes], ownership: Ownership, *, fresh: bool
) -> list[str]:
    """Sets extended attributes, and removes others when the file is not `fresh`.

    Args:
        path: a descriptor, or a path whose last part is not followed.

    Returns:
        the names of those that this file system, or this user, cannot have.
    """
    follow = isinstance(path, int)
    left_out = []
    if not fresh:
        for name in os.listxattr(path, follow_symlinks=follow):
            if name not in wanted and not name.startswith(OVERLAYFS):
                os.removexattr(path, name, follow_symlinks=follow)
    for name, value in wanted.items():
        try:
            os.setxattr(path, name, value, follow_symlinks=follow)
        except OSError as error:
            refused = error.errno == EPERM and ownership is not Ownership.KEEP
            # user.* on a link or a device is EPERM for everybody (xattr(7))
            refused = refused or (error.errno == EPERM and name.startswith("user.") and not follow)
            if error.errno != ENOTSUP and not refused:
                raise
            left_out.append(name)
    return left_out


def mode_of(entry: TarInfo) -> int:
    """The permission bits, with set-user-id, set-group-id and sticky."""
    return stat.S_IMODE(entry.mode)


def set_times(entry: TarInfo, name: bytes, parent: int) -> None:
    """Sets the times of access and of modification, to the nanosecond where the layer has them."""
    modified = _pax_time(entry, "mtime")
    if modified is None:
        modified = _bounded(int(entry.mtime) * NANOSECONDS)
    accessed = _pax_time(entry, "atime")
    times = (modified if accessed is None else accessed, modified)
    os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)


def _pax_time(entry: TarInfo, key: str) -> int | None:
    """A pax time (decimal seconds) in nanoseconds, without the rounding of a float."""
    text = entry.pax_headers.get(key)
    if text is None:
        return None
    whole, _, fraction = text.partition(".")
    try:
        value = int(whole) * NANOSECONDS
        part = int((fraction + "000000000")[:9])
    except ValueError:
        raise InvalidImage(f"{entry.name!r} in the layer has the {key} {text!r}, which is no time") from None
    return _bounded(value - part if whole.startswith("-") else value + part)


def _bounded(value: int) -> int:
    """Out of range is the epoch, as for containerd."""
    return value if -(2**31) * NANOSECONDS <= value < 2**33 * NANOSECONDS else 0
