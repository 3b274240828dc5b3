"""Sandboxes: what containerd's API tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.types.sandbox_pb2 import Sandbox
from tiffin.image.errors import InvalidArgument
from tiffin.manager.filters.adaptors import sandbox_fields
from tiffin.manager.metadata.message_table import Kind, MessageTable

if TYPE_CHECKING:
    from tiffin.image.metadata.database import Database


def sandbox_table(database: Database, namespace: str) -> MessageTable[Sandbox]:
    """The sandboxes of one namespace."""
    return MessageTable(KIND, database, namespace)


def _facts(_sandbox: Sandbox) -> tuple[str, ...]:
    return ()


def _check(sandbox: Sandbox) -> None:
    """Raises InvalidArgument."""
    if "" in sandbox.extensions:
        raise InvalidArgument("sandbox.Extension keys must not be zero-length")


KIND = Kind("sandboxes", "sandbox", Sandbox, "sandbox_id", (), _facts, _check, sandbox_fields)
