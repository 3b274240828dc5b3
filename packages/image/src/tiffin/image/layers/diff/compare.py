"""Whether a file is the one that was there before."""

from __future__ import annotations

import os
import stat

from tiffin.image.layers.diff.file_info import FileInfo

BLOCK = 1024 * 1024


def differs(old: FileInfo, new: FileInfo) -> bool:
    """Whether anything but the content is different.

    Neither the size nor the time of a directory counts: they follow from what is in it, or from how it was made.
    """
    if (old.mode, old.uid, old.gid) != (new.mode, new.uid, new.gid) or old.xattrs != new.xattrs:
        return True
    if stat.S_ISDIR(new.mode):
        return False
    if old.mtime != new.mtime or old.target != new.target:
        return True
    if new.is_device:
        return old.device != new.device
    return new.is_regular and old.size != new.size


def equal_content(old: int, new: int) -> bool:
    """Whether what two descriptors have left to read is the same. Raises OSError."""
    while True:
        data = _block(new)
        if _block(old) != data:
            return False
        if not data:
            return True


def _block(descriptor: int) -> bytes:
    """A whole block, less only at the end: the kernel may give less at once."""
    data = os.read(descriptor, BLOCK)
    while 0 < len(data) < BLOCK and (more := os.read(descriptor, BLOCK - len(data))):
        data += more
    return data
