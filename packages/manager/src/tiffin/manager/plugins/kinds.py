"""The types of plugins: containerd's names, each with the class of what such a plugin is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from tiffin.manager.plugins.kind import Kind

if TYPE_CHECKING:
    from tiffin.image.content.protocol import ContentStore
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.image.store.store import Store
    from tiffin.manager.collection.collector import Collector
    from tiffin.manager.events.exchange import Exchange
    from tiffin.manager.grpc_edge.offer import Offer
    from tiffin.manager.metadata.stores import SnapshotterOf, Stores
    from tiffin.manager.mounts.manager import Mounts
    from tiffin.manager.streaming.streams import Streams
    from tiffin.manager.tasks.manager import TaskManager
    from tiffin.ttrpc import Method

ContentOf = Callable[["Scope"], "ContentStore"]

STORE: Kind[Store] = Kind("io.containerd.internal.v1")
METADATA: Kind[Stores] = Kind("io.containerd.metadata.v1")
CONTENT: Kind[ContentOf] = Kind("io.containerd.content.v1")
SNAPSHOTTER: Kind[SnapshotterOf] = Kind("io.containerd.snapshotter.v1")
COLLECTION: Kind[Collector] = Kind("io.containerd.gc.v1")
TASKS: Kind[TaskManager] = Kind("io.containerd.runtime.v2")
EVENTS: Kind[Exchange] = Kind("io.containerd.event.v1")
GRPC: Kind[Offer] = Kind("io.containerd.grpc.v1")
STREAMS: Kind[Streams] = Kind("io.containerd.streaming.v1")
MOUNTS: Kind[Mounts] = Kind("io.containerd.mount-manager.v1")
TTRPC: Kind[Mapping[str, Mapping[str, Method]]] = Kind("io.containerd.ttrpc.v1")  # services, methods
