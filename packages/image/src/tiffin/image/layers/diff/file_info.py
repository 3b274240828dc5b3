"""`FileInfo`: everything that a layer can say of a file but its content, read by its name in an open directory."""

from __future__ import annotations

import os
import stat
from errno import ENODATA, ENOTSUP

from tiffin.image.layers.attributes import HOSTS_OWN, OVERLAYFS
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# what holds for one host or inode only: the policy's label, EVM's keyed digest of the inode, NFS's form of the mode
NOT_OF_LAYERS = (*HOSTS_OWN, "security.evm", "system.nfs4_acl")
NO_ATTRIBUTES: Mapping[str, bytes] = {}


class FileInfo(Record):
    """A file, not followed.

    mode: with the type. size: bytes. mtime, ctime: nanoseconds since 1970. device: of a device node.
    identity: device and inode number that it is stored at. links: how many names it has. target: of a link.
    xattrs: without those that no layer has. marks: overlayfs's own, by the last part of their names.
    """

    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    ctime: int
    device: int
    identity: tuple[int, int]
    links: int
    target: bytes
    xattrs: Mapping[str, bytes]
    marks: Mapping[str, bytes]

    @property
    def is_directory(self) -> bool:
        """Whether it is one; a link to one is none."""
        return stat.S_ISDIR(self.mode)

    @property
    def is_regular(self) -> bool:
        """Whether it has content."""
        return stat.S_ISREG(self.mode)

    @property
    def is_device(self) -> bool:
        """Whether it is a device node."""
        return stat.S_ISCHR(self.mode) or stat.S_ISBLK(self.mode)


def look(directory: int, name: bytes) -> FileInfo | None:
    """The file `name` in an open directory (`.` for itself); None if there is none. Raises OSError."""
    try:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        link = stat.S_ISLNK(status.st_mode)
        target = os.readlink(name, dir_fd=directory) if link else b""
        xattrs, marks = _attributes(b"/proc/self/fd/%d/%s" % (directory, name))
    except FileNotFoundError:
        return None
    return FileInfo(
        status.st_mode,
        status.st_uid,
        status.st_gid,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_rdev,
        (status.st_dev, status.st_ino),
        status.st_nlink,
        target,
        xattrs,
        marks,
    )


def _attributes(path: bytes) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """The extended attributes that a layer has, and overlayfs's marks."""
    try:
        names = os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        if error.errno != ENOTSUP:
            raise
        return NO_ATTRIBUTES, NO_ATTRIBUTES
    if not names:
        return NO_ATTRIBUTES, NO_ATTRIBUTES
    found: dict[str, bytes] = {}
    marks: dict[str, bytes] = {}
    for name in sorted(names):
        if name in NOT_OF_LAYERS:
            continue
        try:
            value = os.getxattr(path, name, follow_symlinks=False)
        except OSError as error:
            if error.errno != ENODATA:  # removed meanwhile, or not for us to see
                raise
            continue
        if name.startswith(OVERLAYFS):
            marks[name.rpartition(".")[2]] = value
        else:
            found[name] = value
    return found, marks
