"""The table: every plugin of `tiffind`. What makes each is in `making`."""

from __future__ import annotations

from typing import Any

from tiffin.manager.plugins import making
from tiffin.manager.plugins.kinds import COLLECTION, EVENTS, GRPC, METADATA, SNAPSHOTTER, STORE
from tiffin.manager.plugins.plugin import Plugin

HOST = ("linux/amd64",)

TABLE: tuple[Plugin[Any], ...] = (
    Plugin(STORE, "store", making.store),
    Plugin(SNAPSHOTTER, "overlayfs", making.overlayfs, (STORE,), platforms=HOST),
    Plugin(SNAPSHOTTER, "native", making.native, (STORE,), platforms=HOST),
    Plugin(METADATA, "sqlite", making.metadata, (STORE, SNAPSHOTTER)),
    Plugin(EVENTS, "exchange", making.exchange),
    Plugin(COLLECTION, "scheduler", making.scheduler, (METADATA,)),
    Plugin(GRPC, "introspection", making.introspection),
)
