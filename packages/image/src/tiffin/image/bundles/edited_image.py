"""`EditedImage`: an image of a source with another config and further layers, itself a source of a copy.

So it goes wherever images are copied to, in any format and compression, and only what is missing there is sent.
"""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from typing import Any

from tiffin.image.digest import digest_of
from tiffin.image.documents import Descriptor, platform_of
from tiffin.image.metadata.images import descriptor_tree
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tiffin.image.bundles.source_image import SourceImage
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transfer.recompress import Recompressed
    from tiffin.image.verified import Readable


class NewLayer(Record):
    """A layer to be put on top. file: its stored bytes."""

    diff_id: str
    file: Recompressed


class EditedImage:
    """`ImageSource` of one manifest."""

    def __init__(
        self,
        source: ImageSource,
        top: Descriptor,
        documents: Mapping[str, bytes],
        layers: Sequence[NewLayer] = (),
    ) -> None:
        self.name = source.name
        self._source = source
        self._top = top
        self._documents = documents
        self._layers = {layer.file.descriptor.digest: layer.file for layer in layers}

    def resolve(self) -> Descriptor:
        """The new manifest."""
        return self._top

    def read_document(self, descriptor: Descriptor) -> bytes:
        """A document, new or of the source. Raises NotFound, DigestMismatch."""
        known = self._documents.get(descriptor.digest)
        return self._source.read_document(descriptor) if known is None else known

    @contextmanager
    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[Readable]:
        """A layer or the config, new or of the source. Raises NotFound."""
        made = self._layers.get(descriptor.digest)
        known = self._documents.get(descriptor.digest)
        if made is not None:
            with made.open_at(offset) as stream:
                yield stream
        elif known is not None:
            yield BytesIO(known[offset:])
        else:
            with self._source.open_blob(descriptor, offset) as stream:
                yield stream

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:  # noqa: ARG002
        """None: signatures and the like are those of the old image."""
        return ()


def edited(
    image: SourceImage,
    config: Mapping[str, Any],
    layers: Sequence[NewLayer] = (),
    annotations: Mapping[str, str] | None = None,
) -> EditedImage:
    """The image with another config.

    Args:
        image: the old one.
        config: all of the new config but the diff ids of `layers`, which are added.
        layers: what is put on top.
        annotations: all of the manifest's; None leaves them as they are.
    """
    rootfs = {**config["rootfs"], "diff_ids": [*image.config.diff_ids, *(one.diff_id for one in layers)]}
    tree = {**config, "rootfs": rootfs}
    if tree == image.config.tree and annotations in (None, image.tree.get("annotations") or {}):
        return EditedImage(image.source, image.descriptor, {})
    data = encode(tree).encode()
    manifest = {
        **image.tree,
        "config": {**image.tree["config"], "digest": digest_of(data), "size": len(data)},
        "layers": [*image.tree["layers"], *(descriptor_tree(layer.file.descriptor) for layer in layers)],
    }
    if annotations is not None:
        manifest.pop("annotations", None)
        if annotations:
            manifest["annotations"] = dict(annotations)
    text = encode(manifest).encode()
    platform = image.descriptor.platform and platform_of(tree, "the new config")
    top = Descriptor(image.descriptor.media_type, digest_of(text), len(text), {}, platform)
    return EditedImage(image.source, top, {digest_of(data): data, top.digest: text}, layers)
