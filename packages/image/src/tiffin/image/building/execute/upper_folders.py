"""Folders that steps write to: emptied when they are thrown away, and with a root like the one that is below them."""

from __future__ import annotations

import os
import stat

from tiffin.image.layers.removal import remove


def empty(folder: str) -> None:
    """Removes all that is in a folder. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in os.listdir(descriptor):
            remove(descriptor, os.fsencode(name))
    finally:
        os.close(descriptor)


def copy_root(lower: str, upper: str) -> None:
    """The root of an overlay has the mode and the owner of its upper folder. Raises OSError."""
    status = os.stat(lower)
    os.chown(upper, status.st_uid, status.st_gid)
    os.chmod(upper, stat.S_IMODE(status.st_mode))
    os.utime(upper, ns=(status.st_atime_ns, status.st_mtime_ns))
