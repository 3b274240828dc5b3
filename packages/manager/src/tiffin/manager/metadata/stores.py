"""`Stores`: the store of tiffin.image in the name of any namespace and lease, as each call wants it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tiffin.image.errors import InvalidArgument
from tiffin.image.metadata.namespaces import LocalNamespaceStore, Scope
from tiffin.image.snapshots.protocol import Snapshotter
from tiffin.image.store.snapshotter import KINDS, named_snapshotter
from tiffin.image.store.store import Store
from tiffin.manager.metadata.containers import container_table
from tiffin.manager.metadata.sandboxes import sandbox_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tiffin.api.containerd.services.containers.v1.containers_pb2 import Container
    from tiffin.api.containerd.types.sandbox_pb2 import Sandbox
    from tiffin.image.collection.collect import Collected
    from tiffin.image.collection.references import Node
    from tiffin.image.content.local import LocalContentStore
    from tiffin.image.metadata.images import LocalImageStore
    from tiffin.image.metadata.leases import LocalLeaseStore
    from tiffin.manager.metadata.message_table import MessageTable

SnapshotterOf = Callable[[Scope], Snapshotter]


class Stores:
    """One store for all. Its objects are cheap: each call makes its own, in whatever thread it runs.

    Args:
        store: where everything is.
        snapshotters: by name; None for those that tiffin.image has.
        isolated: who wants a blob that another namespace has must bring its bytes, unless that one shares them.
    """

    def __init__(
        self,
        store: Store,
        snapshotters: Mapping[str, SnapshotterOf] | None = None,
        *,
        isolated: bool = False,
    ) -> None:
        self.store = store
        self.isolated = isolated
        self.database = store.database
        self.snapshotters = dict(local_snapshotters(store) if snapshotters is None else snapshotters)

    @property
    def namespaces(self) -> LocalNamespaceStore:
        """All of them."""
        return LocalNamespaceStore(self.database)

    def content(self, scope: Scope) -> LocalContentStore:
        """The blobs of a namespace."""
        return self.store.within(scope).content

    def images(self, scope: Scope) -> LocalImageStore:
        """The names of a namespace."""
        return self.store.within(scope).images

    def leases(self, namespace: str) -> LocalLeaseStore:
        """The leases of a namespace."""
        return self.store.within(Scope(namespace)).leases

    def containers(self, namespace: str) -> MessageTable[Container]:
        """The containers of a namespace."""
        return container_table(self.database, namespace)

    def sandboxes(self, namespace: str) -> MessageTable[Sandbox]:
        """The sandboxes of a namespace."""
        return sandbox_table(self.database, namespace)

    def snapshotter(self, name: str, scope: Scope) -> Snapshotter:
        """One by its name. Raises InvalidArgument, as containerd does."""
        if not name:
            raise InvalidArgument("snapshotter argument missing")
        if name not in self.snapshotters:
            raise InvalidArgument(f"snapshotter not loaded: {name}")
        return self.snapshotters[name](scope)

    def collect(self, roots: Iterable[Node] = ()) -> Collected:
        """Collects garbage at once, as `Store.collect`."""
        return self.store.collect(roots)


def local_snapshotters(store: Store) -> dict[str, SnapshotterOf]:
    """Those that tiffin.image has."""
    return {name: partial(named_snapshotter, store.root, name, store.database) for name in KINDS}
