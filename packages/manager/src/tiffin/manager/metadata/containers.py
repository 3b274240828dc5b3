"""Containers: what containerd's API tells of them, and what may be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.services.containers.v1.containers_pb2 import Container
from tiffin.image.errors import InvalidArgument
from tiffin.manager.filters.adaptors import container_fields
from tiffin.manager.metadata.message_table import Kind, MessageTable

if TYPE_CHECKING:
    from tiffin.image.metadata.database import Database

COLUMNS = ("image", "runtime", "snapshotter", "snapshot_key", "sandbox")


def container_table(database: Database, namespace: str) -> MessageTable[Container]:
    """The containers of one namespace."""
    return MessageTable(KIND, database, namespace)


def _facts(container: Container) -> tuple[str, ...]:
    snapshot = (container.snapshotter, container.snapshot_key)
    return (container.image, container.runtime.name, *snapshot, container.sandbox)


def _check(container: Container) -> None:
    """As containerd's `validateContainer`. Raises InvalidArgument."""
    if "" in container.extensions:
        raise InvalidArgument("container.Extension keys must not be zero-length")
    if not container.runtime.name:
        raise InvalidArgument("container.Runtime.Name must be set")
    if not container.HasField("spec"):
        raise InvalidArgument("container.Spec must be set")
    if container.snapshot_key and not container.snapshotter:
        raise InvalidArgument("container.Snapshotter must be set if container.SnapshotKey is set")


KIND = Kind("containers", "container", Container, "id", COLUMNS, _facts, _check, container_fields)
