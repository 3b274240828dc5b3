"""Caches elsewhere: `ImportedCache`, of which results are taken, and `export_cache`, for other builds."""

from __future__ import annotations

from contextlib import contextmanager

from tiffin.image.building.cache.document import MEDIA_TYPE, CacheDocument, decode_document, encode_document
from tiffin.image.documents import any_manifest_of
from tiffin.image.errors import InvalidImage, NotFound
from tiffin.image.pull.fetch import Fetch, Pulling
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.events import nobody
from tiffin.image.transports.opening import open_destination, open_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from tiffin.image.building.cache.places import CachePlace
    from tiffin.image.building.cache.records import CachedStep
    from tiffin.image.documents import Descriptor
    from tiffin.image.store.store import Store
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transports.access import Access
    from tiffin.image.verified import Readable


class ImportedCache:
    """Results of other builds. Args: source: where the layers are."""

    def __init__(self, source: ImageSource, document: CacheDocument) -> None:
        self._source = source
        self.document = document
        self._layers = {layer.digest for layer in document.layers()}
        self._fetching: Pulling | None = None
        self._given_up = False

    def give_up(self) -> None:
        """Ends what is being fetched with its next piece. May be called from any thread."""
        self._given_up = True
        if self._fetching is not None:
            self._fetching.give_up()

    def find(self, key: str) -> CachedStep | None:
        """The result for a key; its layer is not fetched yet."""
        return self.document.steps.get(key)

    def fetch(self, store: Store, layer: Descriptor) -> bool:
        """Brings a layer to a store, as a pull does: what an earlier one has got of it is not fetched again.

        Returns whether it was there. Raises Stopped (see `give_up`), what the source raises, DigestMismatch, OSError.
        """
        if layer.digest not in self._layers:
            return False
        self._fetching = Pulling(self._source, store.content, nobody)
        if self._given_up:
            self._fetching.give_up()
        Fetch(self._fetching, "layer", layer, {}).run()
        return True


def open_cache(place: CachePlace, access: Access | None, stack: ExitStack) -> ImportedCache:
    """A cache by its place; `stack` keeps it open.

    Raises:
        NotFound, Unavailable, PermissionDenied: there is none. InvalidImage: it is something else.
    """
    source = open_source(place.name, stack, access)
    top = source.resolve()
    manifest = any_manifest_of(source.read_document(top), f"manifest {top.digest}", top.media_type)
    if manifest.config.media_type != MEDIA_TYPE:
        raise InvalidImage(f"{place.name!r} is no cache of builds of ours: {manifest.config.media_type!r}")
    data = source.read_document(manifest.config)
    return ImportedCache(source, decode_document(data, f"the cache {place.name!r}"))


def export_cache(
    name: str, store: Store, document: CacheDocument, access: Access | None, stack: ExitStack
) -> None:
    """Writes a cache to a place. Raises what copying images raises."""
    destination, _ = open_destination(name, stack, access)
    copy_image(_Exported(store, document), destination)


class _Exported:
    """`ImageSource` of a document, with the layers in the store."""

    name = "the build cache"

    def __init__(self, store: Store, document: CacheDocument) -> None:
        self._content = store.content
        self._top, self._texts = encode_document(document)

    def resolve(self) -> Descriptor:
        """The manifest."""
        return self._top

    def read_document(self, descriptor: Descriptor) -> bytes:
        """The manifest, or its config."""
        try:
            return self._texts[descriptor.digest]
        except KeyError:
            raise NotFound(f"the build cache has no {descriptor.digest}") from None

    @contextmanager
    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[Readable]:
        """A layer, or the config."""
        if descriptor.digest in self._texts:
            yield _Text(self._texts[descriptor.digest][offset:])
            return
        with self._content.open(descriptor.digest) as file:
            file.seek(offset)
            yield file

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:  # noqa: ARG002
        """None."""
        return ()


class _Text:
    """Bytes as a stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        data, self._data = self._data[:size], self._data[size:]
        return data
