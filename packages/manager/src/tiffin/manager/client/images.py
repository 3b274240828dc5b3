"""`Images`: names, what they stand for, and how an image comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask

from tiffin.api.containerd.services.images.v1 import images_pb2 as messages
from tiffin.api.containerd.services.images.v1.images_services import IMAGES
from tiffin.manager.client.content import Content
from tiffin.manager.client.transport.failures import DataLoss
from tiffin.runtime.errors import AlreadyExists, NotFound
from tiffin.spec.image.chain import chain_ids
from tiffin.spec.platform import Platform, host

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable, Mapping
    from typing import Any

    from tiffin.api.containerd.types.descriptor_pb2 import Descriptor
    from tiffin.manager.client.session import Session

T = TypeVar("T")
MOST_BYTES = 8 << 20  # of a document: registries take 4 MiB (distribution-spec, "Pushing Manifests")


class Images:
    """The names of one namespace."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self, filters: Iterable[str] = ()) -> builtins.list[messages.Image]:
        """All, or those that match one of the filters, by name."""
        answer = await self._session.ask(IMAGES, "List", messages.ListImagesRequest(filters=filters))
        return list(answer.images)

    async def get(self, name: str) -> messages.Image:
        """Raises NotFound."""
        image: messages.Image = (
            await self._session.ask(IMAGES, "Get", messages.GetImageRequest(name=name))
        ).image
        return image

    async def put(
        self, name: str, target: Descriptor, labels: Mapping[str, str] | None = None
    ) -> messages.Image:
        """Gives an image a name, which it takes from another if that has it."""
        image = messages.Image(name=name, target=target, labels=labels or {})
        try:
            answer = await self._session.ask(IMAGES, "Create", messages.CreateImageRequest(image=image))
        except AlreadyExists:
            answer = await self._session.ask(IMAGES, "Update", messages.UpdateImageRequest(image=image))
        found: messages.Image = answer.image
        return found

    async def set_labels(self, name: str, labels: Mapping[str, str]) -> None:
        """Replaces single labels; the others stay, and one with an empty text goes. Raises NotFound."""
        if not labels:
            return  # a mask without paths would mean the whole image
        mask = FieldMask(paths=[f"labels.{label}" for label in labels])
        image = messages.Image(name=name, labels=labels)
        await self._session.ask(IMAGES, "Update", messages.UpdateImageRequest(image=image, update_mask=mask))

    async def delete(self, name: str, *, collect: bool = False) -> None:
        """collect: returns when what nothing keeps any more has been removed. Raises NotFound."""
        await self._session.ask(IMAGES, "Delete", messages.DeleteImageRequest(name=name, sync=collect))

    async def manifest(self, name: str, platform: Platform | None = None) -> dict[str, Any]:
        """The manifest for a platform, by default this host's.

        Raises:
            NotFound: no such image, or not for it. DataLoss: its documents are none.
        """
        image = await self.get(name)
        document = await self._document(image.target.digest)
        if "manifests" not in document:
            return document
        wanted = platform or host()
        for entry in _within(document, list, "manifests"):
            its = entry.get("platform") or await self._platform_of(entry)
            if its.get("architecture") == wanted.architecture and its.get("os") == wanted.os:
                return await self._document(_within(entry, str, "digest"))
        raise NotFound(f"{name} has no manifest for {wanted.os}/{wanted.architecture}")

    async def _platform_of(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        """An index need not say it (image-spec, image-index): then the image's config does."""
        manifest = await self._document(_within(entry, str, "digest"))
        if "config" not in manifest:
            return {}
        return await self._document(_within(manifest, str, "config", "digest"))

    async def config(self, name: str) -> dict[str, Any]:
        """The image's config: its command, environment, layers. Raises as `manifest`."""
        manifest = await self.manifest(name)
        return await self._document(_within(manifest, str, "config", "digest"))

    async def chain_id(self, name: str) -> str:
        """The key of the committed snapshot that its containers start from, once it is unpacked.

        Raises as `manifest`.
        """
        diff_ids = _within(await self.config(name), list, "rootfs", "diff_ids")
        if not diff_ids:
            raise NotFound(f"{name} has no layers: there is nothing to start from")
        return str(chain_ids(diff_ids)[-1])

    async def _document(self, digest: str) -> dict[str, Any]:
        """A document, of which nobody knows whether it is one: a name may stand for anything, of any size."""
        pieces = Content(self._session).read(digest, size=MOST_BYTES + 1)
        data = b"".join([piece async for piece in pieces])
        try:
            document = json.loads(data) if len(data) <= MOST_BYTES else None
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise DataLoss(f"{digest} is no document of an image")
        return document


def _within(tree: Mapping[str, Any], kind: type[T], *path: str) -> T:
    """What stands in a document of an image. Raises DataLoss: it has no such thing."""
    found: Any = tree
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, kind):
        raise DataLoss(f"a document of the image has no {'.'.join(path)}")
    return found
