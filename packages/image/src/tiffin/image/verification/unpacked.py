"""The images that a name of a store stands for, with the layers that the store has of them."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from tiffin.image.documents import INDEXES, MANIFESTS, config_of, manifest_of
from tiffin.image.errors import InvalidImage, NotFound
from tiffin.image.image import Image, Layer
from tiffin.image.store.names import ON_DISK
from tiffin.image.transfer.choice import manifests_below
from tiffin.image.transports.store_source import StoreSource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.documents import Descriptor
    from tiffin.image.store.store import Store


def images_of(store: Store, name: str) -> Iterator[Image]:
    """One for each platform that is there. Those whose documents are missing or damaged are left out."""
    with suppress(NotFound, InvalidImage):
        stored = store.images.get(name)
        if ON_DISK in stored.labels:
            return
        source = StoreSource(store, name)
        target = stored.target
        found = manifests_below(source, target) if target.media_type in INDEXES else iter((target,))
        for descriptor in found:
            with suppress(NotFound, InvalidImage):
                yield _image(source, descriptor)


def _image(source: StoreSource, descriptor: Descriptor) -> Image:
    if descriptor.media_type not in MANIFESTS:
        raise InvalidImage(f"{descriptor.digest} is a {descriptor.media_type!r}: that has no layers")
    manifest = manifest_of(
        source.read_document(descriptor), f"manifest {descriptor.digest}", descriptor.media_type
    )
    digest = manifest.config.digest
    config = config_of(source.read_document(manifest.config), digest, f"config {digest}")
    if len(config.diff_ids) != len(manifest.layers):
        raise InvalidImage(f"{descriptor.digest} has another number of layers than its config")
    layers = tuple(
        Layer(diff_id, layer.digest, layer.size, partial(source.open_blob, layer))
        for diff_id, layer in zip(config.diff_ids, manifest.layers, strict=True)
    )
    return Image(source.name, config, layers)
