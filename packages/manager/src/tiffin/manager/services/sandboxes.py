"""The service `sandbox`, its store: what is known of sandboxes. What makes them run is the controller's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.services.sandbox.v1 import sandbox_pb2 as api
from tiffin.api.containerd.services.sandbox.v1.sandbox_services import STORE
from tiffin.image.errors import InvalidArgument
from tiffin.manager.filters.parser import parse
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.encoding import embedded, repeated
from tiffin.manager.services.masks import merge

if TYPE_CHECKING:
    from tiffin.api.containerd.types.sandbox_pb2 import Sandbox
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.metadata.stores import Stores

MUTABLE = {name: name for name in ("labels", "extensions", "spec", "runtime")}


def service(stores: Stores) -> Offer:
    """The service."""
    made = _Sandboxes(stores)
    return Offer(
        STORE,
        {
            "Create": made.create,
            "Update": made.update,
            "Delete": made.delete,
            "List": made.list_all,
            "Get": made.get,
        },
    )


class _Sandboxes:
    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def create(self, request: api.StoreCreateRequest, call: Call) -> api.StoreCreateResponse:
        return api.StoreCreateResponse(sandbox=self._stores.sandboxes(call.namespace).create(request.sandbox))

    def update(self, request: api.StoreUpdateRequest, call: Call) -> api.StoreUpdateResponse:
        asked = request.sandbox

        def change(sandbox: Sandbox) -> None:
            if not request.fields and sandbox.runtime.name != asked.runtime.name:
                raise InvalidArgument("sandbox.Runtime.Name field is immutable")
            merge(sandbox, asked, request.fields or MUTABLE, MUTABLE, f"sandbox {asked.sandbox_id!r}")

        made = self._stores.sandboxes(call.namespace).update(asked.sandbox_id, change)
        return api.StoreUpdateResponse(sandbox=made)

    def delete(self, request: api.StoreDeleteRequest, call: Call) -> api.StoreDeleteResponse:
        self._stores.sandboxes(call.namespace).delete(request.sandbox_id)
        return api.StoreDeleteResponse()

    def list_all(self, request: api.StoreListRequest, call: Call) -> bytes:
        field = api.StoreListResponse.LIST_FIELD_NUMBER
        found = self._stores.sandboxes(call.namespace).select(parse(request.filters))
        return repeated(field, found)

    def get(self, request: api.StoreGetRequest, call: Call) -> bytes:
        field = api.StoreGetResponse.SANDBOX_FIELD_NUMBER
        return embedded(field, self._stores.sandboxes(call.namespace).encoded(request.sandbox_id))
