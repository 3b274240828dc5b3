"""A writable root file system on top of an unpacked image: an overlay, or where the kernel has none for us a copy.

The mount is made in a mount namespace of this process alone. Nothing has to be unmounted, whoever is killed and when:
the kernel does it when the last process in that namespace ends.
"""

from __future__ import annotations

import os
from errno import EINVAL, ENOENT

from tiffin.image.kernel import mount, umount2, unshare
from tiffin.image.snapshots.mounting import lower_folders
from tiffin.image.snapshots.overlayfs import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CLONE_NEWNS = 0x00020000
MS_REC, MS_SLAVE = 0x4000, 0x80000
MNT_DETACH = 2


def own_mount_namespace() -> None:
    """Gives this process a mount namespace of its own, which still hears of the host's mounts.

    Raises:
        OSError: EPERM without root, or outside of a user namespace.
    """
    unshare(CLONE_NEWNS)
    mount("none", "/", "none", MS_REC | MS_SLAVE)


def mount_writable(trees: Sequence[str], directory: str, *, stacks: bool, rootless: bool, keep: bool) -> str:
    """Mounts (or copies) the image to `directory`/rootfs, with what is written in `directory`/upper.

    Args:
        trees: the folders of the unpacked image, the topmost first; they are not changed.
        directory: an existing folder.
        stacks: they are put together by an overlay; else the topmost is all, and is copied.
        rootless: this process is root only in a user namespace (Linux 5.11 has overlays there).
        keep: the written files matter after a power cut; else they are not synced (Linux 5.10), which is faster.

    Returns:
        the path of the root file system.

    Raises:
        OSError: for example if the disk is full.
    """
    rootfs = os.path.join(directory, "rootfs")
    os.makedirs(rootfs, mode=0o755, exist_ok=True)
    if not stacks:
        _copy(trees[0], rootfs)
        return rootfs
    parts = {"upperdir": os.path.join(directory, "upper"), "workdir": os.path.join(directory, "work")}
    for path in parts.values():
        os.makedirs(path, mode=0o755, exist_ok=True)
    _copy_root(trees[0], parts["upperdir"])
    options = [f"{name}={escaped(path)}" for name, path in parts.items()]
    if rootless:
        options.append("userxattr")
    with lower_folders(trees) as lower:
        options.append(f"lowerdir={lower}")
        try:
            mount("overlay", rootfs, "overlay", 0, ",".join(options + ([] if keep else ["volatile"])))
        except OSError as error:
            if keep or error.errno != EINVAL:
                raise
            mount("overlay", rootfs, "overlay", 0, ",".join(options))  # before Linux 5.10
    return rootfs


def unmount_writable(directory: str) -> None:
    """Takes the root file system away again, in this process's mount namespace; none there is fine.

    Whoever removes the folder must call it first: else they would remove through the mount.
    """
    try:
        umount2(os.path.join(directory, "rootfs"), MNT_DETACH)
    except OSError as error:
        if error.errno not in (EINVAL, ENOENT):  # EINVAL: it is no mount point
            raise


def _copy_root(lower: str, upper: str) -> None:
    """The root of an overlay has the mode and the owner of its upper folder."""
    status = os.stat(lower)
    os.chmod(upper, status.st_mode & 0o7777)
    if os.geteuid() == 0 and (status.st_uid, status.st_gid) != (0, 0):
        os.chown(upper, status.st_uid, status.st_gid)


def _copy(lower: str, rootfs: str) -> None:
    """A whole copy, which shares its blocks with the image where the file system can (reflink)."""
    import subprocess

    try:
        subprocess.run(
            ["cp", "--archive", "--reflink=auto", "--", f"{lower}/.", rootfs],
            check=True,
            capture_output=True,
            text=True,
        )
    except subprocess.CalledProcessError as error:
        raise OSError(f"{lower!r} cannot be copied to {rootfs!r}: {error.stderr.strip()}") from error
