"""Mounting trees in a mount namespace of one thread or process: whatever is killed, the kernel takes all away."""

from __future__ import annotations

import os
from contextlib import contextmanager
from errno import EINVAL, ENOSYS, EPERM

from tiffin.image.errors import Unsupported
from tiffin.image.kernel import mount, mount_setattr, umount2, unshare
from tiffin.image.snapshots.mounting import lower_folders
from tiffin.image.snapshots.overlayfs import default_options, escaped
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CLONE_NEWNS = 0x00020000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    0x1,
    0x2,
    0x4,
    0x20,
    0x1000,
    0x4000,
    0x40000,
)
MNT_DETACH = 2
AT_RECURSIVE, MOUNT_ATTR_RDONLY = 0x8000, 0x1
PARAMETERS = "/sys/module/overlay/parameters"
# with these the upper folder alone says all that has changed (`layers.diff.overlay`)
PLAIN = ("redirect_dir", "metacopy")


class Tree(Record):
    """A root file system. lowers: folders that are not changed, the nearest first.

    upper, work: what is written, on one file system; "" for a read-only tree. A tree with `upper` alone is that folder.
    """

    lowers: tuple[str, ...]
    upper: str = ""
    work: str = ""


def own_mount_namespace() -> None:
    """Gives the calling thread a mount namespace, a current directory and a umask (0) of its own.

    Raises:
        Unsupported: this user may not.
    """
    try:
        unshare(CLONE_NEWNS)
        mount("none", "/", "none", MS_REC | MS_PRIVATE)
    except PermissionError as error:
        raise Unsupported(f"building needs root, or a user namespace with root in it: {error}") from error
    os.umask(0)


@contextmanager
def mounted(tree: Tree, point: str) -> Iterator[str]:
    """Mounts a tree at a folder until the `with` block ends; gives the folder. Raises OSError."""
    mount_tree(tree, point)
    try:
        yield point
    finally:
        umount2(point, MNT_DETACH)


def mount_tree(tree: Tree, point: str) -> None:
    """Mounts a tree at a folder. Raises OSError."""
    if not tree.upper and len(tree.lowers) == 1:
        bind(tree.lowers[0], point, readonly=True)
    elif not tree.lowers:
        bind(tree.upper, point)
    else:
        _mount_overlay(tree, point)


def bind(source: str, point: str, *, readonly: bool = False) -> None:
    """A bind mount, with what is mounted below; that is read-only too, but not before Linux 5.12. Raises OSError."""
    mount(source, point, "none", MS_BIND | MS_REC)
    if not readonly:
        return
    try:
        mount_setattr(point, AT_RECURSIVE, MOUNT_ATTR_RDONLY)
    except OSError as error:
        if error.errno not in (ENOSYS, EPERM):  # EPERM: Docker's seccomp filter of before 2021
            raise
        mount("none", point, "none", MS_REMOUNT | MS_BIND | MS_RDONLY)


def _mount_overlay(tree: Tree, point: str) -> None:
    options = list(default_options())
    if "userxattr" not in options:  # that implies them, and refuses to hear them
        options += [f"{name}=off" for name in PLAIN if os.path.exists(f"{PARAMETERS}/{name}")]
    if tree.upper:
        options += [f"upperdir={escaped(tree.upper)}", f"workdir={escaped(tree.work)}"]
    with lower_folders(tree.lowers) as lower:
        options.append(f"lowerdir={lower}")
        try:
            # nothing is synced when it goes: whoever commits the snapshot does that
            mount("overlay", point, "overlay", 0, ",".join([*options, *(["volatile"] if tree.upper else [])]))
        except OSError as error:
            if not tree.upper or error.errno != EINVAL:
                raise
            mount("overlay", point, "overlay", 0, ",".join(options))  # before Linux 5.10
