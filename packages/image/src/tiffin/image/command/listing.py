"""What `tiffin-image list` shows of each image of the store."""

from __future__ import annotations

from tiffin.image.command.units import moment
from tiffin.image.command.unpacked import chain_of
from tiffin.image.documents import INDEXES, any_manifest_of, index_of, tree_of
from tiffin.image.errors import ImageFailure, NotFound
from tiffin.image.store.names import ON_DISK, usage_of
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from tiffin.image.documents import Descriptor
    from tiffin.image.metadata.protocol import StoredName
    from tiffin.image.store.store import Store
    from tiffin.image.transports.store_source import StoreSource


class ListedImage(Record):
    """One name.

    created: seconds since 1970, by its config; None if that is not there, or says nothing.
    content, unpacked: bytes on the disk, shared with other images or not; None for what is not in the store.
    """

    name: str
    digest: str
    media_type: str
    platforms: tuple[str, ...]
    created: float | None
    content: int | None
    unpacked: int | None

    def tree(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "digest": self.digest,
            "mediaType": self.media_type,
            "platforms": list(self.platforms),
            "created": self.created,
            "contentSize": self.content,
            "unpackedSize": self.unpacked,
        }


def listed(store: Store) -> Iterator[ListedImage]:
    """All names, in their order."""
    for stored in store.images.list():
        yield _listed(store, stored)


def _listed(store: Store, stored: StoredName) -> ListedImage:
    from tiffin.image.transports.store_source import StoreSource

    chain = chain_of(store, stored)
    usage = usage_of(store, chain) if chain else None
    unpacked = None if usage is None else usage.size
    target = stored.target
    if ON_DISK in stored.labels:
        return ListedImage(stored.name, target.digest, target.media_type, (), None, None, unpacked)
    source = StoreSource(store, stored.name)
    present: dict[str, int] = {}
    configs = [
        config
        for manifest in _manifests(source, target, present)
        for config in _config(source, manifest, present)
    ]
    return ListedImage(
        stored.name,
        target.digest,
        target.media_type,
        tuple(dict.fromkeys(f"{one.get('os', '')}/{one.get('architecture', '')}" for one in configs)),
        next((made for one in configs if (made := moment(one.get("created"))) is not None), None),
        sum(present.values()),
        unpacked,
    )


def _manifests(source: StoreSource, top: Descriptor, present: dict[str, int]) -> Iterator[Descriptor]:
    """The manifests that are there, of an index maybe not all; notes what each document takes."""
    if not _note(source, top, present):
        return
    if top.media_type not in INDEXES:
        yield top
        return
    try:
        entries = index_of(source.read_document(top), f"index {top.digest}", top.media_type)
    except ImageFailure:
        return  # as in `_config`
    for entry in entries:
        yield from _manifests(source, entry, present)


def _config(source: StoreSource, top: Descriptor, present: dict[str, int]) -> Iterator[dict[str, Any]]:
    """The config of a manifest, if it is there; notes what all parts take."""
    try:
        manifest = any_manifest_of(source.read_document(top), f"manifest {top.digest}", top.media_type)
        for part in (manifest.config, *manifest.layers):
            _note(source, part, present)
        yield tree_of(source.read_document(manifest.config), f"config {manifest.config.digest}")
    except ImageFailure:
        return  # what is damaged is listed all the same: else nobody could find and remove it


def _note(source: StoreSource, descriptor: Descriptor, present: dict[str, int]) -> bool:
    try:
        present[descriptor.digest] = source.store.content.info(descriptor.digest).size
    except NotFound:
        return False
    return True
