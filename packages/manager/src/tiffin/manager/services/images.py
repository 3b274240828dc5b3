"""The service `images`: names, and what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.events import image_pb2 as events
from tiffin.api.containerd.services.images.v1 import images_pb2 as api
from tiffin.api.containerd.services.images.v1.images_services import IMAGES
from tiffin.image.errors import InvalidArgument
from tiffin.manager.filters.adaptors import image_fields
from tiffin.manager.filters.parser import parse
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.conversion import (
    checked_digest,
    descriptor_message,
    descriptor_value,
    nanoseconds,
    timestamp,
)
from tiffin.manager.services.masks import merge

if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor
    from tiffin.image.metadata.protocol import StoredName
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.services.ports import Collect, Publish

MUTABLE = {"labels": "labels", "target": "target"}
ANNOTATIONS = {"annotations": "annotations"}  # of the target


def service(stores: Stores, publish: Publish, collect: Collect) -> Offer:
    """The service. collect: for deletions that wait for it."""
    made = _Images(stores, publish, collect)
    return Offer(
        IMAGES,
        {
            "Get": made.get,
            "List": made.list_all,
            "Create": made.create,
            "Update": made.update,
            "Delete": made.delete,
        },
        slow=["Delete"],
    )


class _Images:
    def __init__(self, stores: Stores, publish: Publish, collect: Collect) -> None:
        self._stores = stores
        self._publish = publish
        self._collect = collect

    def get(self, request: api.GetImageRequest, call: Call) -> api.GetImageResponse:
        return api.GetImageResponse(image=_message(self._stores.images(call.scope).get(request.name)))

    def list_all(self, request: api.ListImagesRequest, call: Call) -> api.ListImagesResponse:
        wanted = parse(request.filters)
        found = self._stores.images(call.scope).list()
        return api.ListImagesResponse(images=map(_message, wanted.select(found, image_fields)))

    def create(self, request: api.CreateImageRequest, call: Call) -> api.CreateImageResponse:
        name, labels = _name(request.image), dict(request.image.labels)
        target = _checked(descriptor_value(request.image.target))
        created = _moment(request)
        made = self._stores.images(call.scope).put(name, target, labels=labels, replace=False, moment=created)
        self._publish(call.namespace, "/images/create", events.ImageCreate(name=name, labels=labels))
        return api.CreateImageResponse(image=_message(made))

    def update(self, request: api.UpdateImageRequest, call: Call) -> api.UpdateImageResponse:
        name, paths = _name(request.image), tuple(request.update_mask.paths)

        def change(before: StoredName) -> StoredName:
            return _merged(before, request.image, paths or tuple(MUTABLE))

        made = self._stores.images(call.scope).update(name, change, moment=_moment(request))
        self._publish(call.namespace, "/images/update", events.ImageUpdate(name=name, labels=made.labels))
        return api.UpdateImageResponse(image=_message(made))

    def delete(self, request: api.DeleteImageRequest, call: Call) -> Empty:
        digest = request.target.digest if request.HasField("target") else ""
        self._stores.images(call.scope).delete(request.name, digest=digest)
        self._publish(call.namespace, "/images/delete", events.ImageDelete(name=request.name))
        if request.sync:
            self._collect()
        return Empty()


def _name(image: api.Image) -> str:
    if not image.name:
        raise InvalidArgument("Image.Name required")
    return image.name


def _moment(request: api.CreateImageRequest | api.UpdateImageRequest) -> int | None:
    """The time that the client wants to be written down, in nanoseconds since 1970, if any."""
    return nanoseconds(request.source_date_epoch) if request.HasField("source_date_epoch") else None


def _merged(before: StoredName, asked: api.Image, paths: tuple[str, ...]) -> StoredName:
    """A name after an update. Raises InvalidArgument."""
    image, what = _message(before), f"image {before.name!r}"
    for path in paths:
        if path.partition(".")[0] in ANNOTATIONS:
            merge(image.target, asked.target, [path], ANNOTATIONS, what)
        else:
            merge(image, asked, [path], MUTABLE, what)
    return before.replace(target=_checked(descriptor_value(image.target)), labels=dict(image.labels))


def _checked(target: Descriptor) -> Descriptor:
    """Raises InvalidArgument for a target that none can be."""
    checked_digest(target.digest)
    if target.size <= 0:
        raise InvalidArgument("target.Size must be greater than zero")
    if not target.media_type:
        raise InvalidArgument("target.MediaType must be set")
    return target


def _message(stored: StoredName) -> api.Image:
    return api.Image(
        name=stored.name,
        labels=stored.labels,
        target=descriptor_message(stored.target),
        created_at=timestamp(stored.created),
        updated_at=timestamp(stored.updated),
    )
