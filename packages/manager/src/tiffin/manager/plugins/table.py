"""The table: every plugin of `tiffind`. Types and ids are containerd's where it has the same."""

from __future__ import annotations

from typing import Any

from tiffin.manager.plugins import services, stores, tasks
from tiffin.manager.plugins.kinds import (
    COLLECTION,
    CONTENT,
    EVENTS,
    GRPC,
    METADATA,
    MOUNTS,
    SNAPSHOTTER,
    STORE,
    STREAMS,
    TASKS,
    TTRPC,
)
from tiffin.manager.plugins.platform import own_platform
from tiffin.manager.plugins.plugin import Plugin

HOST = (own_platform(),)
TOLD = (METADATA, EVENTS)

TABLE: tuple[Plugin[Any], ...] = (
    Plugin(STORE, "store", stores.store),
    Plugin(CONTENT, "content", stores.content, (STORE,)),
    Plugin(SNAPSHOTTER, "overlayfs", stores.overlayfs, (STORE,), platforms=HOST),
    Plugin(SNAPSHOTTER, "native", stores.native, (STORE,), platforms=HOST),
    Plugin(METADATA, "sqlite", stores.metadata, (STORE, CONTENT, SNAPSHOTTER)),
    Plugin(EVENTS, "exchange", stores.exchange),
    Plugin(COLLECTION, "scheduler", stores.scheduler, (METADATA, MOUNTS)),
    Plugin(STREAMS, "manager", services.streams),
    Plugin(MOUNTS, "default", tasks.mounts, (STORE,), platforms=HOST),
    Plugin(TASKS, "task", tasks.tasks, (*TOLD, MOUNTS), platforms=HOST),
    Plugin(TTRPC, "events", tasks.shim_events, (TASKS,)),
    Plugin(GRPC, "containers", services.containers, TOLD),
    Plugin(GRPC, "content", services.content, TOLD),
    Plugin(GRPC, "diff", services.diff, (METADATA,)),
    Plugin(GRPC, "events", services.events, (EVENTS,)),
    Plugin(GRPC, "images", services.images, (*TOLD, COLLECTION)),
    Plugin(GRPC, "introspection", services.introspection),
    Plugin(GRPC, "leases", services.leases, (METADATA, COLLECTION)),
    Plugin(GRPC, "mounts", tasks.mount_service, (MOUNTS,)),
    Plugin(GRPC, "namespaces", services.namespaces, TOLD),
    Plugin(GRPC, "sandboxes", services.sandboxes, (METADATA,)),
    Plugin(GRPC, "snapshots", services.snapshots, TOLD),
    Plugin(GRPC, "streaming", services.streaming, (STREAMS,)),
    Plugin(GRPC, "tasks", tasks.service, (TASKS, METADATA)),
    Plugin(GRPC, "transfer", services.transfer, (*TOLD, STREAMS)),
    Plugin(GRPC, "version", services.version),
)
