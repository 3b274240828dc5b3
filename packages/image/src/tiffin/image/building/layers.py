"""`Layers`: the layers of stages and images on their way to be used: fetched from a cache, unpacked to snapshots."""

from __future__ import annotations

from functools import partial

from tiffin.image.documents import ImageConfig
from tiffin.image.image import Image, Layer
from tiffin.image.platforms import host_platform
from tiffin.image.store.unpacked import chain_ids, find_chain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.image.building.cache.records import BuiltLayer
    from tiffin.image.building.cache.results import Results
    from tiffin.image.store.store import Store


def chain_of(layers: Sequence[BuiltLayer]) -> str:
    """The chain id of layers; "" for none."""
    return chain_ids([layer.diff_id for layer in layers])[-1] if layers else ""


class Layers:
    """Args: store: leased. results: knows where layers are that the store lacks."""

    def __init__(self, store: Store, results: Results) -> None:
        self._store = store
        self._results = results

    def bring(self, layers: Sequence[BuiltLayer]) -> None:
        """Sees to it that the blobs are in the store. Raises NotFound, and what caches raise."""
        self._results.bring(layers)

    def unpack(self, name: str, layers: Sequence[BuiltLayer]) -> None:
        """Sees to it that the snapshots are there. name: for messages. Raises as `bring`, InvalidImage, OSError."""
        if not layers or find_chain(self._store, chain_of(layers)) is not None:
            return
        self.bring(layers)
        from tiffin.image.store.unpacking import unpack_image

        config = ImageConfig("", 0, {}, host_platform(), tuple(layer.diff_id for layer in layers))
        unpack_image(self._store, Image(name, config, tuple(map(self._opened, layers))))

    def _opened(self, layer: BuiltLayer) -> Layer:
        digest = layer.descriptor.digest
        return Layer(layer.diff_id, digest, layer.descriptor.size, partial(self._store.content.open, digest))
