"""The snapshotter `native`: a snapshot is a whole tree, copied from its parent (sharing blocks where it can be done).

<root>/snapshots/<id>    the tree
"""

from __future__ import annotations

import os

from tiffin.image.snapshots.copying import copy_tree
from tiffin.image.snapshots.local import LocalSnapshotter
from tiffin.image.snapshots.protocol import Kind, Mount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope


class NativeBackend:
    """`Backend` of copies."""

    name = "native"
    stacks = False

    def fill(self, folder: str, kind: Kind, parents: tuple[str, ...]) -> None:
        """As the protocol says. Nothing is copied for a view: its parent cannot go while it is there."""
        os.chmod(folder, 0o755)  # noqa: S103  # a root directory, as users expect it
        if parents and kind is Kind.ACTIVE:
            copy_tree(parents[0], folder)

    def mounts(self, folder: str, kind: Kind, parents: tuple[str, ...]) -> tuple[Mount, ...]:
        """As the protocol says."""
        if kind is Kind.VIEW:
            return (Mount("bind", parents[0] if parents else folder, ("rbind", "ro")),)
        return (Mount("bind", folder, ("rbind", "rw")),)

    def data(self, folder: str) -> str:
        """As the protocol says."""
        return folder


def native_snapshotter(root: str, database: Database, scope: Scope | None = None) -> LocalSnapshotter:
    """The snapshotter `native`."""
    return LocalSnapshotter(root, database, NativeBackend(), scope)
