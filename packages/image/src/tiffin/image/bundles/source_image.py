"""`SourceImage`: one image of any source, read to be unpacked or edited."""

from __future__ import annotations

from functools import partial
from typing import Any

from tiffin.image.bundles.shape import check_shape
from tiffin.image.documents import INDEXES, ImageConfig, config_of, index_of, manifest_of, tree_of
from tiffin.image.errors import FailedPrecondition, InvalidImage, NotFound
from tiffin.image.image import Image, Layer
from tiffin.image.transfer.choice import choose
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor, Manifest, Platform
    from tiffin.image.transfer.protocol import ImageSource


class SourceImage(Record):
    """An image for one platform. tree: all of the manifest, as it is written."""

    source: ImageSource
    descriptor: Descriptor
    tree: dict[str, Any]
    manifest: Manifest
    config: ImageConfig

    def unpackable(self) -> Image:
        """The image as `unpack` takes it."""
        layers = (
            Layer(diff_id, layer.digest, layer.size, partial(self.source.open_blob, layer))
            for diff_id, layer in zip(self.config.diff_ids, self.manifest.layers, strict=True)
        )
        return Image(self.source.name, self.config, tuple(layers))


def read_image(source: ImageSource, platform: Platform | None = None) -> SourceImage:
    """The image of a source that is for a platform, by default this machine's.

    Raises:
        NotFound: there is none.
        InvalidImage: what is there breaks the specification, or is no container image.
    """
    return _read(source, choose(source, source.resolve(), platform))


def read_again(source: ImageSource, descriptor: Descriptor) -> SourceImage:
    """The image of a manifest that was read earlier, whatever its name means now. Raises as `read_image`."""
    try:
        return _read(source, descriptor)
    except NotFound:
        source.resolve()  # an archive of Docker's has no manifest before
        return _read(source, descriptor)


def check_alone(source: ImageSource) -> None:
    """Raises FailedPrecondition for an index of several images that are there, and what the source raises."""
    top = source.resolve()
    if top.media_type not in INDEXES:
        return
    found = [
        one
        for one in index_of(source.read_document(top), f"index {top.digest}", top.media_type)
        if _has(source, one)
    ]
    if len(found) > 1:
        raise FailedPrecondition(
            f"{source.name!r} is an index of {len(found)} images, and one would take the place of all: say where to"
        )


def _has(source: ImageSource, descriptor: Descriptor) -> bool:
    try:
        source.read_document(descriptor)
    except NotFound:
        return False
    return True


def _read(source: ImageSource, descriptor: Descriptor) -> SourceImage:
    what = f"manifest {descriptor.digest}"
    data = source.read_document(descriptor)
    manifest = manifest_of(data, what, descriptor.media_type)
    config = config_of(
        source.read_document(manifest.config), manifest.config.digest, f"config {manifest.config.digest}"
    )
    if len(config.diff_ids) != len(manifest.layers):
        raise InvalidImage(
            f"{source.name!r}: the manifest has {len(manifest.layers)} layers, the config {len(config.diff_ids)}"
        )
    tree = tree_of(data, what)
    check_shape(tree, config.tree, source.name)
    return SourceImage(source, descriptor, tree, manifest, config)
