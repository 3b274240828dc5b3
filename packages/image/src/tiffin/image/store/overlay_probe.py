"""Whether overlays can be mounted on a disk by this user: the kernel, the file system and the user all have a say."""

from __future__ import annotations

import os
import shutil

from tiffin.image.kernel import mount, umount2, unshare
from tiffin.image.snapshots.overlayfs import default_options, escaped

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
MNT_DETACH = 2


def can_mount_overlays(folder: str) -> bool:
    """Tries it, in a child with a mount namespace of its own: the kernel and the disk below both have a say.

    Only one process may do so at a time: what a killed one has left is removed first. Raises OSError.
    """
    scratch = os.path.join(folder, "overlay-trial")
    shutil.rmtree(scratch, ignore_errors=True)
    os.mkdir(scratch, 0o700)
    try:
        child = os.fork()
        if child == 0:
            os._exit(_try(scratch))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        shutil.rmtree(scratch)


def _try(scratch: str) -> int:
    """The child: 0 if the overlay was mounted and has a whiteout."""
    try:
        unshare(CLONE_NEWNS)
        mount("none", "/", "none", MS_REC | MS_PRIVATE)
        for name in ("lower", "upper", "work", "merged"):
            os.mkdir(os.path.join(scratch, name))
        with open(os.path.join(scratch, "lower", "file"), "w"):
            pass
        parts = {f"{name}dir": os.path.join(scratch, name) for name in ("lower", "upper", "work")}
        options = ",".join([*default_options(), *(f"{name}={escaped(path)}" for name, path in parts.items())])
        merged = os.path.join(scratch, "merged")
        mount("overlay", merged, "overlay", 0, options)
        os.unlink(os.path.join(merged, "file"))
        umount2(merged, MNT_DETACH)
    except OSError:
        return 1
    return 0
