"""The service `containers`: what is known of containers, whether or not they run.

Lists are put together from messages as the database has them, without decoding one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.events import container_pb2 as events
from tiffin.api.containerd.services.containers.v1 import containers_pb2 as api
from tiffin.api.containerd.services.containers.v1.containers_services import CONTAINERS
from tiffin.image.errors import InvalidArgument
from tiffin.manager.filters.parser import parse
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.encoding import embedded, repeated
from tiffin.manager.services.masks import merge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.services.ports import Publish

MUTABLE = {
    "labels": "labels",
    "spec": "spec",
    "extensions": "extensions",
    "image": "image",
    "snapshotkey": "snapshot_key",
}
CONTAINER = api.GetContainerResponse.CONTAINER_FIELD_NUMBER


def service(stores: Stores, publish: Publish) -> Offer:
    """The service."""
    made = _Containers(stores, publish)
    return Offer(
        CONTAINERS,
        {
            "Get": made.get,
            "List": made.list_all,
            "ListStream": made.list_stream,
            "Create": made.create,
            "Update": made.update,
            "Delete": made.delete,
        },
    )


class _Containers:
    def __init__(self, stores: Stores, publish: Publish) -> None:
        self._stores = stores
        self._publish = publish

    def get(self, request: api.GetContainerRequest, call: Call) -> bytes:
        return embedded(CONTAINER, self._stores.containers(call.namespace).encoded(request.id))

    def list_all(self, request: api.ListContainersRequest, call: Call) -> bytes:
        field = api.ListContainersResponse.CONTAINERS_FIELD_NUMBER
        found = self._stores.containers(call.namespace).select(parse(request.filters))
        return repeated(field, found)

    def list_stream(self, request: api.ListContainersRequest, call: Call) -> Iterator[list[bytes]]:
        field = api.ListContainerMessage.CONTAINER_FIELD_NUMBER
        for page in self._stores.containers(call.namespace).pages(parse(request.filters)):
            yield [embedded(field, message) for message in page]

    def create(self, request: api.CreateContainerRequest, call: Call) -> api.CreateContainerResponse:
        made = self._stores.containers(call.namespace).create(request.container)
        event = events.ContainerCreate(id=made.id, image=made.image)
        event.runtime.name = made.runtime.name
        if made.runtime.HasField("options"):
            event.runtime.options.CopyFrom(made.runtime.options)
        self._publish(call.namespace, "/containers/create", event)
        return api.CreateContainerResponse(container=made)

    def update(self, request: api.UpdateContainerRequest, call: Call) -> api.UpdateContainerResponse:
        asked, paths = request.container, request.update_mask.paths
        if not asked.id:
            raise InvalidArgument("Container.ID required")

        def change(container: api.Container) -> None:
            if not paths:
                _check_fixed(container, asked)
            merge(container, asked, paths or MUTABLE, MUTABLE, f"container {asked.id!r}")

        made = self._stores.containers(call.namespace).update(asked.id, change)
        event = events.ContainerUpdate(
            id=made.id, image=made.image, labels=made.labels, snapshot_key=made.snapshot_key
        )
        self._publish(call.namespace, "/containers/update", event)
        return api.UpdateContainerResponse(container=made)

    def delete(self, request: api.DeleteContainerRequest, call: Call) -> Empty:
        self._stores.containers(call.namespace).delete(request.id)
        self._publish(call.namespace, "/containers/delete", events.ContainerDelete(id=request.id))
        return Empty()


def _check_fixed(container: api.Container, asked: api.Container) -> None:
    """Who replaces all of a container must not change these. Raises InvalidArgument."""
    if container.snapshotter != asked.snapshotter:
        raise InvalidArgument("container.Snapshotter field is immutable")
    if container.runtime.name != asked.runtime.name:
        raise InvalidArgument("container.Runtime.Name field is immutable")
