"""`Store`: content, snapshots, names and leases below one folder, for the daemon and for commands without one.

    <root>/metadata.db                    what is known of all of it (see `metadata`)
    <root>/content                        blobs and ingests (see `content`)
    <root>/snapshotters/<name>            the trees of layers (see `snapshots`)
    <root>/snapshotter                    which one this store uses: decided once, when the store is made
    <root>/locks                          held by who unpacks an image
    <root>/containers/<id>                of the command `tiffin`

Everything is opened when it is first used: who only looks for a container pays for nothing else.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cached_property

from tiffin.image.metadata.namespaces import Scope
from tiffin.image.store.root import default_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tiffin.image.collection.collect import Collected
    from tiffin.image.collection.references import Node
    from tiffin.image.content.local import LocalContentStore
    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.images import LocalImageStore
    from tiffin.image.metadata.leases import LocalLeaseStore
    from tiffin.image.snapshots.local import LocalSnapshotter

DAY = 86400.0


class Store:
    """The store below `root`, which is made if it is missing. Several processes may use it at once.

    Args:
        root: where; by default `default_root`.
        scope: in whose name, and the lease that protects what is made.
        snapshotter: `overlayfs` or `native`, for a new store; "" for what the kernel can do.
    """

    def __init__(self, root: str | None = None, scope: Scope | None = None, snapshotter: str = "") -> None:
        self.root = os.path.abspath(root or default_root())
        self.scope = scope or Scope()
        self._asked = snapshotter
        self.containers = os.path.join(self.root, "containers")
        if not os.path.isdir(self.containers):
            os.makedirs(self.containers, mode=0o711, exist_ok=True)

    @cached_property
    def database(self) -> Database:
        """What is known of all that is in the store."""
        from tiffin.image.metadata.database import Database

        return Database(os.path.join(self.root, "metadata.db"))

    @cached_property
    def content(self) -> LocalContentStore:
        """The blobs."""
        from tiffin.image.content.local import LocalContentStore

        return LocalContentStore(os.path.join(self.root, "content"), self.database, self.scope)

    @cached_property
    def snapshots(self) -> LocalSnapshotter:
        """The trees, by chain id. Raises OSError, FailedPrecondition (the store uses another snapshotter)."""
        from tiffin.image.store.snapshotter import open_snapshotter

        return open_snapshotter(self.root, self.database, self.scope, self._asked)

    @cached_property
    def images(self) -> LocalImageStore:
        """The names."""
        from tiffin.image.metadata.images import LocalImageStore

        return LocalImageStore(self.database, self.scope)

    @cached_property
    def leases(self) -> LocalLeaseStore:
        """What protects things that have no name yet."""
        from tiffin.image.metadata.leases import LocalLeaseStore

        return LocalLeaseStore(self.database, self.scope.namespace)

    @contextmanager
    def leased(self, seconds: float = DAY) -> Iterator[Store]:
        """The same store; what is made through it stays until the end of the block, or for `seconds` after a kill."""
        lease = self.leases.create(seconds=seconds).id
        inner = Store(self.root, self.scope.replace(lease=lease), self._asked)
        inner.__dict__["database"] = self.database
        try:
            yield inner
        finally:
            self.leases.delete(lease)

    def collect(self, roots: Iterable[Node] = ()) -> Collected:
        """Removes what no name, lease or root keeps. roots: what containers use. Raises Unavailable, OSError."""
        from tiffin.image.collection.collect import collect

        return collect(self.database, (self.content, self.snapshots), roots=roots)

    def lock_file(self, name: str) -> str:
        """The path of a lock (see `lock`), whose folder is there."""
        folder = os.path.join(self.root, "locks")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return os.path.join(folder, name.replace(":", "-"))
