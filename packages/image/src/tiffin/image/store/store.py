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

from tiffin.image.errors import DataLoss
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
        self._database: Database | None = None
        self._content: LocalContentStore | None = None
        self._snapshots: LocalSnapshotter | None = None
        self._images: LocalImageStore | None = None
        self._leases: LocalLeaseStore | None = None
        self.containers = os.path.join(self.root, "containers")
        if not os.path.isdir(self.containers):
            from tiffin.image.durable import make_folder

            make_folder(self.containers)

    @property
    def database_path(self) -> str:
        """The file of the database, whether or not it can be opened."""
        return os.path.join(self.root, "metadata.db")

    @property
    def database(self) -> Database:
        """What is known of all that is in the store."""
        if self._database is None:
            from tiffin.image.metadata.database import Database

            self._refuse_emptied()
            self._database = Database(self.database_path)
        return self._database

    def _refuse_emptied(self) -> None:
        """A database without a byte is a new one, but not where there are snapshots. Raises DataLoss."""
        try:
            size = os.stat(self.database_path).st_size
        except FileNotFoundError:
            return
        if size == 0 and os.path.exists(os.path.join(self.root, "snapshotter")):
            raise DataLoss(
                f"{self.database_path!r} is empty: what it knew is lost; remove it, and pull the images again"
            )

    @property
    def content(self) -> LocalContentStore:
        """The blobs."""
        if self._content is None:
            from tiffin.image.content.local import LocalContentStore

            self._content = LocalContentStore(os.path.join(self.root, "content"), self.database, self.scope)
        return self._content

    @property
    def snapshots(self) -> LocalSnapshotter:
        """The trees, by chain id. Raises OSError, FailedPrecondition (the store uses another snapshotter)."""
        if self._snapshots is None:
            from tiffin.image.store.snapshotter import open_snapshotter

            self._snapshots = open_snapshotter(self.root, self.database, self.scope, self._asked)
        return self._snapshots

    @property
    def images(self) -> LocalImageStore:
        """The names."""
        if self._images is None:
            from tiffin.image.metadata.images import LocalImageStore

            self._images = LocalImageStore(self.database, self.scope)
        return self._images

    @property
    def leases(self) -> LocalLeaseStore:
        """What protects things that have no name yet."""
        if self._leases is None:
            from tiffin.image.metadata.leases import LocalLeaseStore

            self._leases = LocalLeaseStore(self.database, self.scope.namespace)
        return self._leases

    def within(self, scope: Scope) -> Store:
        """The same store in another name. Raises InvalidArgument (it is none) when it is used."""
        inner = Store(self.root, scope, self._asked)
        inner._database = self.database
        return inner

    @contextmanager
    def leased(self, seconds: float = DAY) -> Iterator[Store]:
        """The same store; what is made through it stays until the end of the block, or for `seconds` after a kill."""
        lease = self.leases.create(seconds=seconds).id
        try:
            yield self.within(self.scope.replace(lease=lease))
        finally:
            self.leases.delete(lease)

    def collect(self, roots: Iterable[Node] = ()) -> Collected:
        """Removes what no name, lease or root keeps. roots: what containers use. Raises Unavailable, OSError."""
        from tiffin.image.collection.collect import collect
        from tiffin.image.store.lock import remove_unused
        from tiffin.image.store.snapshotter import named_snapshotter, used_snapshotters

        names = used_snapshotters(self.root)
        trees = [named_snapshotter(self.root, name, self.database, self.scope) for name in names]
        found = collect(self.database, (self.content, *trees), roots=roots)
        remove_unused(os.path.join(self.root, "locks"))
        return found

    def lock_file(self, name: str) -> str:
        """The path of a lock (see `lock`), whose folder is there."""
        folder = os.path.join(self.root, "locks")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        return os.path.join(folder, name.replace(":", "-"))
