"""Which snapshotter a store uses: overlayfs where this user may mount it on this disk, else whole copies.

It is tried once, when the store is made, and written down: a store whose layers lie in two places would unpack twice.
"""

from __future__ import annotations

import os
import tempfile

from tiffin.image.durable import write_file
from tiffin.image.errors import FailedPrecondition, InvalidArgument
from tiffin.image.kernel import mount, umount2, unshare
from tiffin.image.snapshots.native import native_snapshotter
from tiffin.image.snapshots.overlayfs import default_options, escaped, overlay_snapshotter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.image.snapshots.local import LocalSnapshotter

KINDS = {"overlayfs": overlay_snapshotter, "native": native_snapshotter}
CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
MNT_DETACH = 2


def open_snapshotter(root: str, database: Database, scope: Scope, asked: str = "") -> LocalSnapshotter:
    """The snapshotter of a store.

    Args:
        root: the store. database, scope: as `LocalSnapshotter`.
        asked: its name; "" for that of the store.

    Raises:
        InvalidArgument: there is none of that name. FailedPrecondition: the store uses another one.
    """
    if asked and asked not in KINDS:
        raise InvalidArgument(f"there is no snapshotter {asked!r}, only {' and '.join(KINDS)}")
    path = os.path.join(root, "snapshotter")
    name = _read(path)
    if not name:
        name = asked or ("overlayfs" if can_mount_overlays(root) else "native")
        write_file(path, name.encode())
    if name not in KINDS:
        raise FailedPrecondition(f"{path!r} says {name!r}, which is no snapshotter")
    if asked not in ("", name):
        raise FailedPrecondition(f"the store {root!r} uses the snapshotter {name}, not {asked}")
    return KINDS[name](os.path.join(root, "snapshotters", name), database, scope)


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def can_mount_overlays(folder: str) -> bool:
    """Tries it, in a child with a mount namespace of its own: the kernel and the disk below both have a say."""
    with tempfile.TemporaryDirectory(prefix="overlay-", dir=folder) as scratch:
        child = os.fork()
        if child == 0:
            os._exit(_try(scratch))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


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
