"""What a file has beside its content: extended attributes and times (its owner: `owners`).

The order matters to the kernel: chown(2) clears the set-user-id bits and `security.capability`, and everything
touches the time of change, so that the times come last.
"""

from __future__ import annotations

import os
import stat
from errno import E2BIG, EINVAL, ELOOP, ENOTSUP, EPERM, ERANGE

from tiffin.image.errors import InvalidImage

from .owners import IdMaps, Owners, Ownership
from .tar.entry import NANOSECONDS, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Ownership", "set_extended", "set_mode", "set_times", "wanted"]

# overlayfs reads these: from a layer they could redirect a directory, or uncover what is below
OVERLAYFS = ("trusted.overlay.", "user.overlay.")
# the label is the host's policy's to give, as for umoci and podman
HOSTS_OWN = ("security.selinux",)
CAPABILITY = "security.capability"
VFS_CAP_REVISION_2, VFS_CAP_REVISION_3 = 2, 3  # the top byte of the first word (linux/capability.h)
SIZE_2 = 20


def wanted(entry: Entry, ids: IdMaps | None) -> Mapping[str, bytes]:
    """The extended attributes that a file gets of those that the layer has."""
    if not entry.xattrs:
        return entry.xattrs
    found = {
        name: value
        for name, value in entry.xattrs.items()
        if not name.startswith(OVERLAYFS) and name not in HOSTS_OWN
    }
    if ids is not None and CAPABILITY in found:
        found[CAPABILITY] = capability_for(found[CAPABILITY], ids.to_host(0, 0)[0])
    return found


def capability_for(value: bytes, root: int) -> bytes:
    """File capabilities that count only where `root` is the root of the user namespace (revision 3).

    In revision 2 they would hold on the host, where the container's owner has no such right.
    """
    if len(value) == SIZE_2 and value[3] == VFS_CAP_REVISION_2:
        return value[:3] + bytes([VFS_CAP_REVISION_3]) + value[4:] + root.to_bytes(4, "little")
    return value


def capability_of(value: bytes) -> bytes:
    """The reverse of `capability_for`: layers have revision 2, which is valid under any map."""
    if len(value) == SIZE_2 + 4 and value[3] == VFS_CAP_REVISION_3:
        return value[:3] + bytes([VFS_CAP_REVISION_2]) + value[4:SIZE_2]
    return value


def set_extended(path: bytes | int, values: Mapping[str, bytes], owners: Owners, *, fresh: bool) -> list[str]:
    """Sets extended attributes, and removes others when the file is not `fresh`.

    Args:
        path: a descriptor, or a path whose last part is not followed.

    Returns:
        the names of those that this file system, or this user, cannot have.

    Raises:
        InvalidImage: for a name or a value that no attribute can have.
    """
    follow = isinstance(path, int)
    left_out = []
    if not fresh:
        for name in os.listxattr(path, follow_symlinks=follow):
            if name not in values and not name.startswith(OVERLAYFS) and name not in HOSTS_OWN:
                os.removexattr(path, name, follow_symlinks=follow)
    for name, value in values.items():
        try:
            os.setxattr(path, name, value, follow_symlinks=follow)
        except (OSError, ValueError) as error:
            _judge(error, name, owners.ownership, follow=follow)
            left_out.append(name)
    return left_out


def _judge(error: OSError | ValueError, name: str, ownership: Ownership, *, follow: bool) -> None:
    """Returns if an attribute may be left out; raises if not."""
    number = error.errno if isinstance(error, OSError) else EINVAL
    if number == ENOTSUP or (number == EPERM and ownership is not Ownership.KEEP):
        return
    if number == EPERM and name.startswith("user.") and not follow:
        return  # on a link or a device it is EPERM for everybody (xattr(7))
    if number in (EINVAL, ERANGE, E2BIG):
        raise InvalidImage(f"the layer has an extended attribute that cannot be: {name!r}") from error
    raise error


def set_times(mtime: int, atime: int | None, file: int | bytes, parent: int | None = None) -> None:
    """Sets the times of access and of modification: of a descriptor, or of a name in `parent`, not followed."""
    modified = bounded(mtime)
    times = (modified if atime is None else bounded(atime), modified)
    if isinstance(file, int):
        os.utime(file, ns=times)
    else:
        os.utime(file, ns=times, dir_fd=parent, follow_symlinks=False)


def set_mode(mode: int, base: bytes, parent: int) -> None:
    """Permission bits of a name in an open directory, which is never followed: somebody may exchange it for a link.

    chmod(2) would follow it, and fchmodat2(2) is of Linux 6.6. Raises OSError: ELOOP for a link.
    """
    opened = os.open(base, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        if stat.S_ISLNK(os.fstat(opened).st_mode):
            raise OSError(ELOOP, os.strerror(ELOOP), os.fsdecode(base))
        os.chmod(b"/proc/self/fd/%d" % opened, mode)
    finally:
        os.close(opened)


def bounded(value: int) -> int:
    """Out of range is the epoch, as for containerd."""
    return value if -(2**31) * NANOSECONDS <= value < 2**33 * NANOSECONDS else 0
