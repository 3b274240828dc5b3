"""The places that a client names in a transfer, decoded: one table of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.types.transfer.imagestore_pb2 import ImageStore
from tiffin.api.containerd.types.transfer.importexport_pb2 import ImageExportStream, ImageImportStream
from tiffin.api.containerd.types.transfer.registry_pb2 import OCIRegistry
from tiffin.api.typeurl import holds, unpack
from tiffin.image.documents import Platform
from tiffin.runtime.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import Message

    from tiffin.api.containerd.types.platform_pb2 import Platform as PlatformMessage

KINDS: tuple[type[Message], ...] = (OCIRegistry, ImageStore, ImageImportStream, ImageExportStream)


def place_of(value: Any) -> Message:
    """The place. Raises Unsupported: another kind of place."""
    for kind in KINDS:
        if holds(value, kind):
            return unpack(value, kind)
    raise Unsupported(f"a transfer from or to {value.type_url!r}")


def platform_of(platforms: Iterable[PlatformMessage]) -> Platform | None:
    """The one platform that is wanted; None for this machine's. Raises Unsupported: several."""
    found = [Platform(each.os, each.architecture, each.variant) for each in platforms]
    if len(found) > 1:
        raise Unsupported("images of several platforms are not transferred at once: name one")
    return found[0] if found else None
