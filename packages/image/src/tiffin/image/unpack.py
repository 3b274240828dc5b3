"""Unpacking an image: its layers, each verified, applied in order to an empty directory."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack

from tiffin.image.decompress import decompressed
from tiffin.image.image import Image, Layer
from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.limits import Limits
from tiffin.image.layers.owners import IdMaps, Ownership
from tiffin.image.layers.removal import remove
from tiffin.image.layers.root import Root
from tiffin.image.read_ahead import ReadAhead
from tiffin.image.verified import Readable, VerifiedReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def unpack(
    image: Image,
    directory: str,
    ownership: Ownership | None = None,
    *,
    ids: IdMaps | None = None,
    limits: Limits | None = None,
) -> Counter[str]:
    """Unpacks all layers of an image.

    The digests are known to match only when this returns: until then nobody may use what is in the directory.

    Args:
        image: what to unpack.
        directory: an empty directory; it becomes the root, and is emptied again if this fails.
        ownership: what becomes of the owners; by default whatever this process may do.
        ids: how the ids in the layers are mapped; None where they stay.
        limits: how much each layer may be.

    Returns:
        how often something was left out that this user or this file system cannot have, by what it is.

    Raises:
        InvalidImage: if a layer is not what its digest says, is broken, tries to leave the directory, or is over the
            limits.
        Unsupported: if a layer is compressed in a way that cannot be read here.
        OSError: if the disk is full, or the like.
    """
    empty = not os.listdir(directory)
    limits = limits or Limits()
    with Root(directory) as root:
        writer = LayerWriter(root, ownership or Ownership.possible(), ids=ids, limits=limits)
        try:
            for number, layer in enumerate(image.layers, 1):
                apply_layer(layer, writer, f"layer {number} of {len(image.layers)} of {image.name!r}", limits)
            writer.finish()
        except BaseException:
            if empty:
                for name in os.listdir(root.descriptor):
                    remove(root.descriptor, os.fsencode(name))
            raise
        return writer.left_out


def apply_layer(
    layer: Layer, writer: LayerWriter, what: str, limits: Limits, check: Callable[[], None] | None = None
) -> None:
    """Applies one layer: its stored bytes are checked, and what they decompress to.

    Reading with its digest, decompressing with its digest, and writing go on at once, in three threads.

    Args:
        layer: which. writer: where to; it is not finished. what: the layer, for messages. limits: how much it may be.
        check: called before each block; what it raises ends all.

    Raises:
        InvalidImage, Unsupported, OSError: as `unpack`.
    """
    with ExitStack() as stack:
        file = stack.enter_context(layer.open())
        counted = Measured(file)
        stored = counted if layer.digest is None else VerifiedReader(counted, layer.digest, layer.size, what)
        ahead = stack.enter_context(ReadAhead(stored))
        opened = Bounded(decompressed(ahead), counted, limits, check)
        plain = VerifiedReader(opened, layer.diff_id, None, f"{what}, uncompressed,")
        with ReadAhead(plain) as blocks:
            writer.apply(blocks)
            while blocks.read(BLOCK):  # what is after the end of the archive counts for the digest
                pass
        while ahead.read(BLOCK):
            pass


BLOCK = 1024 * 1024


class Measured:
    """Counts the bytes of a stream."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self.seen = 0

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        data = self._stream.read(size)
        self.seen += len(data)
        return data


class Bounded(Measured):
    """A decompressed stream that may not be too long for what is stored of it: a bomb ends here."""

    def __init__(
        self, stream: Readable, stored: Measured, limits: Limits, check: Callable[[], None] | None = None
    ) -> None:
        super().__init__(stream)
        self._stored = stored
        self._limits = limits
        self._check = check

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes. Raises InvalidImage if there are too many, and what `check` raises."""
        if self._check is not None:
            self._check()
        data = super().read(size)
        self._limits.check_ratio(self._stored.seen, self.seen)
        return data
