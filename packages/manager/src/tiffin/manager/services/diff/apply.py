"""`apply`: a layer of the content store to a tree. Reading, decompressing and hashing, and writing go on at once."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from tiffin.image.decompress import decompressed
from tiffin.image.digest import new_hash
from tiffin.image.documents import Descriptor
from tiffin.image.durable import synchronize_all
from tiffin.image.errors import InvalidArgument, Unsupported
from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.limits import Limits
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.root import Root
from tiffin.image.layers.whiteouts import WhiteoutForm
from tiffin.image.read_ahead import ReadAhead
from tiffin.image.unpack import BLOCK, Bounded, Measured
from tiffin.manager.services.diff.trees import (
    bound_folder,
    in_own_mounts,
    mounted,
    overlay_of,
    place_of,
)
from tiffin.spec.media_type import LAYER, compression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.image.metadata.namespaces import Scope
    from tiffin.image.snapshots.protocol import Mount
    from tiffin.image.verified import Readable
    from tiffin.manager.metadata.stores import Stores


def apply(
    stores: Stores, scope: Scope, layer: Descriptor, mounts: Sequence[Mount], *, synchronize: bool = False
) -> Descriptor:
    """Applies a layer.

    An overlay's upper folder is written to directly, with whiteouts as overlayfs has them.

    Args:
        stores, scope: where the layer is. layer: its descriptor.
        mounts: the tree. synchronize: it is on the disk when this returns.

    Returns:
        the uncompressed layer: its digest and size.

    Raises:
        InvalidArgument: there are no mounts.
        NotFound: there is no such blob. Unsupported: it is no layer that can be read.
        InvalidImage: it is broken, or tries to leave the tree. OSError: as the disk says.
    """
    if not mounts:
        raise InvalidArgument("a layer is applied to a tree: give its mounts")
    _check_type(layer.media_type)
    content = stores.content(scope)
    content.info(layer.digest)
    overlay = overlay_of(mounts)

    def work(folder: str, form: WhiteoutForm, below: Sequence[str]) -> Descriptor:
        with content.open(layer.digest) as file:
            applied = _unpack(file, folder, form, below)
        if synchronize:
            synchronize_all(folder)
        return applied

    if overlay is not None and overlay.upper:
        return work(overlay.upper, overlay.whiteouts, overlay.lowers)
    folder = bound_folder(mounts, writable=True)
    if folder:
        return work(folder, WhiteoutForm.APPLIED, ())
    place = place_of(stores.store.root, "tree")
    return in_own_mounts(lambda: work(mounted(mounts, place), WhiteoutForm.APPLIED, ()))


def _check_type(media_type: str) -> None:
    try:
        compression(media_type)
    except ValueError as error:
        raise Unsupported(f"no processor for media-type: {error}") from error


def _unpack(file: Readable, folder: str, form: WhiteoutForm, below: Sequence[str]) -> Descriptor:
    limits = Limits()
    with ExitStack() as stack:
        root = stack.enter_context(Root(folder))
        parents = [stack.enter_context(Root(parent)) for parent in below]
        writer = LayerWriter(root, Ownership.possible(), whiteouts=form, parents=parents, limits=limits)
        stored = Measured(file)
        ahead = stack.enter_context(ReadAhead(stored))
        plain = _Hashed(Bounded(decompressed(ahead), stored, limits))
        blocks = stack.enter_context(ReadAhead(plain))
        writer.apply(blocks)
        while blocks.read(BLOCK):  # what is after the end of the archive counts for the digest
            pass
        writer.finish()
    return Descriptor(LAYER, plain.digest(), plain.seen, {}, None)


class _Hashed(Measured):
    """Hashes and counts what goes by."""

    def __init__(self, stream: Readable) -> None:
        super().__init__(stream)
        self._hash = new_hash()

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        data = super().read(size)
        self._hash.update(data)
        return data

    def digest(self) -> str:
        """Of all that was read."""
        return f"sha256:{self._hash.hexdigest()}"
