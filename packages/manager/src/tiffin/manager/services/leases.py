"""The service `leases`: what protects things from collection until they have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.services.leases.v1 import leases_pb2 as api
from tiffin.api.containerd.services.leases.v1.leases_services import LEASES
from tiffin.image.errors import InvalidArgument, Unsupported
from tiffin.image.metadata.protocol import Lease, Resource
from tiffin.manager.filters.adaptors import lease_fields
from tiffin.manager.filters.parser import parse
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.conversion import checked_digest, timestamp

if TYPE_CHECKING:
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.services.ports import Collect

SNAPSHOTS = "snapshots"
KINDS = ("content", "ingests", "images")


def service(stores: Stores, collect: Collect) -> Offer:
    """The service. collect: for deletions that wait for it."""
    made = _Leases(stores, collect)
    return Offer(
        LEASES,
        {
            "Create": made.create,
            "Delete": made.delete,
            "List": made.list_all,
            "AddResource": made.add,
            "DeleteResource": made.remove,
            "ListResources": made.resources,
        },
        slow=["Delete"],
    )


class _Leases:
    def __init__(self, stores: Stores, collect: Collect) -> None:
        self._stores = stores
        self._collect = collect

    def create(self, request: api.CreateRequest, call: Call) -> api.CreateResponse:
        made = self._stores.leases(call.namespace).create(request.id, labels=dict(request.labels))
        return api.CreateResponse(lease=_message(made))

    def delete(self, request: api.DeleteRequest, call: Call) -> Empty:
        self._stores.leases(call.namespace).delete(request.id)
        if request.sync:
            self._collect()
        return Empty()

    def list_all(self, request: api.ListRequest, call: Call) -> api.ListResponse:
        wanted = parse(request.filters)
        found = self._stores.leases(call.namespace).list()
        return api.ListResponse(leases=map(_message, wanted.select(found, lease_fields)))

    def add(self, request: api.AddResourceRequest, call: Call) -> Empty:
        self._stores.leases(call.namespace).add(request.id, [_checked(request.resource)])
        return Empty()

    def remove(self, request: api.DeleteResourceRequest, call: Call) -> Empty:
        self._stores.leases(call.namespace).remove(request.id, [_checked(request.resource)])
        return Empty()

    def resources(self, request: api.ListResourcesRequest, call: Call) -> api.ListResourcesResponse:
        found = self._stores.leases(call.namespace).resources(request.id)
        return api.ListResourcesResponse(resources=[api.Resource(id=one.id, type=one.kind) for one in found])


def _message(lease: Lease) -> api.Lease:
    return api.Lease(id=lease.id, created_at=timestamp(lease.created), labels=lease.labels)


def _checked(resource: api.Resource) -> Resource:
    """Raises InvalidArgument, and Unsupported for a kind that leases do not protect."""
    kind, _, snapshotter = resource.type.partition("/")
    if kind == SNAPSHOTS:
        if not snapshotter or "/" in snapshotter:
            raise InvalidArgument(f"invalid snapshot resource type {resource.type!r}")
    elif kind in KINDS and resource.type != kind:
        raise InvalidArgument(f"invalid resource type {resource.type[:200]!r}")
    elif kind not in KINDS:
        raise Unsupported(f"lease resource type {resource.type[:200]!r} not supported yet")
    if resource.type == "content":
        checked_digest(resource.id)
    return Resource(resource.type, resource.id)
