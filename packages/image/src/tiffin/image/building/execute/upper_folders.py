"""Folders that steps write to: with a root like the one that is below them."""

from __future__ import annotations

import os
import stat


def copy_root(lower: str, upper: str) -> None:
    """The root of an overlay has the mode and the owner of its upper folder. Raises OSError."""
    status = os.stat(lower)
    os.chown(upper, status.st_uid, status.st_gid)
    os.chmod(upper, stat.S_IMODE(status.st_mode))
    os.utime(upper, ns=(status.st_atime_ns, status.st_mtime_ns))
