"""Unpacking an image: its layers, verified while they are read, applied in order to an empty directory."""

from __future__ import annotations

from collections import Counter

from tiffin.image.decompress import decompressed
from tiffin.image.image import Image, Layer
from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.attributes import Ownership
from tiffin.image.layers.root import Root
from tiffin.image.verified import VerifiedReader


def unpack(image: Image, directory: str, ownership: Ownership | None = None) -> Counter[str]:
    """Unpacks all layers of an image.

    The digests are known to match only when this returns: until then nobody may use what is in the directory.

    Args:
        image: what to unpack.
        directory: an empty directory; it becomes the root.
        ownership: what becomes of the owners; by default whatever this process may do.

    Returns:
        how often something was left out that this user or this file system cannot have, by what it is.

    Raises:
        InvalidImage: if a layer is not what its digest says, is broken, or tries to leave the directory.
        Unsupported: if a layer is compressed in a way that cannot be read here.
        OSError: if the disk is full, or the like.
    """
    with Root(directory) as root:
        writer = LayerWriter(root, ownership or Ownership.possible())
        for number, layer in enumerate(image.layers, 1):
            _apply(layer, writer, f"layer {number} of {len(image.layers)} of {image.name!r}")
        writer.finish()
        return writer.left_out


def _apply(layer: Layer, writer: LayerWriter, what: str) -> None:
    """Applies one layer: its stored bytes are checked, and what they decompress to."""
    with layer.open() as file:
        stored = file if layer.digest is None else VerifiedReader(file, layer.digest, layer.size, what)
        plain = VerifiedReader(decompressed(stored), layer.diff_id, None, f"{what}, uncompressed,")
        writer.apply(plain)
        plain.finish()
        if isinstance(stored, VerifiedReader):
            stored.finish()
