"""Which snapshotter a store uses: overlayfs where this user may mount it on this disk, else whole copies.

It is tried once, when the store is made, and written down: a store whose layers lie in two places would unpack twice.
"""

from __future__ import annotations

import os

from tiffin.image.errors import FailedPrecondition, InvalidArgument

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.image.snapshots.local import LocalSnapshotter

KINDS = ("overlayfs", "native")


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
    name = _read(path) or _decide(root, path, asked)
    if name not in KINDS:
        raise FailedPrecondition(f"{path!r} says {name!r}, which is no snapshotter")
    if asked not in ("", name):
        raise FailedPrecondition(f"the store {root!r} uses the snapshotter {name}, not {asked}")
    return named_snapshotter(root, name, database, scope)


def named_snapshotter(root: str, name: str, database: Database, scope: Scope) -> LocalSnapshotter:
    """One of `KINDS`, whatever the store itself uses: the manager's clients choose. Raises OSError."""
    folder = os.path.join(root, "snapshotters", name)
    if name == "native":
        from tiffin.image.snapshots.native import native_snapshotter

        return native_snapshotter(folder, database, scope)
    from tiffin.image.snapshots.overlayfs import overlay_snapshotter

    return overlay_snapshotter(folder, database, scope)


def used_snapshotters(root: str) -> list[str]:
    """Those that have folders in a store."""
    return [name for name in KINDS if os.path.isdir(os.path.join(root, "snapshotters", name))]


def _decide(root: str, path: str, asked: str) -> str:
    """Writes down what the store uses from now on; the first of several processes decides."""
    from tiffin.image.durable import locked_folder, write_file
    from tiffin.image.store.overlay_probe import can_mount_overlays
    from tiffin.runtime.state.files import synchronize

    with locked_folder(root):
        name = _read(path)
        if not name:
            name = asked or ("overlayfs" if can_mount_overlays(root) else "native")
            write_file(path, name.encode())
            synchronize(root)
    return name


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""
