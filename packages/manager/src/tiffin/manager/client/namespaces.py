"""`Namespaces`: each has containers, images, content and snapshots of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.field_mask_pb2 import FieldMask

from tiffin.api.containerd.services.namespaces.v1 import namespace_pb2 as messages
from tiffin.api.containerd.services.namespaces.v1.namespace_services import NAMESPACES

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from tiffin.manager.client.session import Session


class Namespaces:
    """All of a manager."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self) -> builtins.list[messages.Namespace]:
        """By name."""
        answer = await self._session.ask(NAMESPACES, "List", messages.ListNamespacesRequest())
        return list(answer.namespaces)

    async def create(self, name: str, labels: Mapping[str, str] | None = None) -> None:
        """Raises AlreadyExists, InvalidArgument. One is there anyhow once it is used."""
        namespace = messages.Namespace(name=name, labels=labels or {})
        request = messages.CreateNamespaceRequest(namespace=namespace)
        await self._session.ask(NAMESPACES, "Create", request)

    async def set_labels(self, name: str, labels: Mapping[str, str]) -> None:
        """Replaces single labels; the others stay. A namespace that nobody has used yet is made by it."""
        if not labels:
            return  # a mask without paths would mean all of them
        mask = FieldMask(paths=[f"labels.{label}" for label in labels])
        namespace = messages.Namespace(name=name, labels=labels)
        request = messages.UpdateNamespaceRequest(namespace=namespace, update_mask=mask)
        await self._session.ask(NAMESPACES, "Update", request)

    async def delete(self, name: str) -> None:
        """Raises NotFound, and FailedPrecondition if something is in it."""
        await self._session.ask(NAMESPACES, "Delete", messages.DeleteNamespaceRequest(name=name))
