"""The service `namespaces`. Its calls need no namespace in their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.events import namespace_pb2 as events
from tiffin.api.containerd.services.namespaces.v1 import namespace_pb2 as api
from tiffin.api.containerd.services.namespaces.v1.namespace_services import NAMESPACES
from tiffin.image.errors import NotFound
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.masks import label_change

if TYPE_CHECKING:
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.services.ports import Publish


def service(stores: Stores, publish: Publish) -> Offer:
    """The service."""
    made = _Namespaces(stores, publish)
    return Offer(
        NAMESPACES,
        {
            "Get": made.get,
            "List": made.list_all,
            "Create": made.create,
            "Update": made.update,
            "Delete": made.delete,
        },
    )


class _Namespaces:
    def __init__(self, stores: Stores, publish: Publish) -> None:
        self._stores = stores
        self._publish = publish

    def get(self, request: api.GetNamespaceRequest, _call: Call) -> api.GetNamespaceResponse:
        """One that nobody has used has no labels: clients ask for defaults before they use it."""
        labels = self._stores.namespaces.list().get(request.name)
        return api.GetNamespaceResponse(namespace=api.Namespace(name=request.name, labels=labels))

    def list_all(self, _request: api.ListNamespacesRequest, _call: Call) -> api.ListNamespacesResponse:
        found = self._stores.namespaces.list().items()
        return api.ListNamespacesResponse(
            namespaces=[api.Namespace(name=name, labels=labels) for name, labels in found]
        )

    def create(self, request: api.CreateNamespaceRequest, _call: Call) -> api.CreateNamespaceResponse:
        name, labels = request.namespace.name, dict(request.namespace.labels)
        self._stores.namespaces.create(name, labels=labels)
        self._publish(name, "/namespaces/create", events.NamespaceCreate(name=name, labels=labels))
        return api.CreateNamespaceResponse(namespace=api.Namespace(name=name, labels=labels))

    def update(self, request: api.UpdateNamespaceRequest, _call: Call) -> api.UpdateNamespaceResponse:
        """A namespace that nobody has used yet is made by it, as in containerd."""
        name, asked = request.namespace.name, dict(request.namespace.labels)
        change = label_change(request.update_mask.paths, asked, f"namespace {name!r}")
        try:
            labels = self._stores.namespaces.update(name, change.labels, replace=change.replace)
        except NotFound:
            self._stores.namespaces.create(name, labels=change.labels)
            labels = change.labels
        self._publish(name, "/namespaces/update", events.NamespaceUpdate(name=name, labels=asked))
        return api.UpdateNamespaceResponse(namespace=api.Namespace(name=name, labels=labels))

    def delete(self, request: api.DeleteNamespaceRequest, _call: Call) -> Empty:
        self._stores.namespaces.delete(request.name)
        self._publish(request.name, "/namespaces/delete", events.NamespaceDelete(name=request.name))
        return Empty()
