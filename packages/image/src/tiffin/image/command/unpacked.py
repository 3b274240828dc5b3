"""The unpacked layers of an image of the store."""

from __future__ import annotations

from tiffin.image.store.content_labels import snapshot_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.metadata.protocol import StoredName
    from tiffin.image.store.store import Store


def chain_of(store: Store, stored: StoredName) -> str:
    """The chain id of an image whose layers are unpacked, else ""."""
    return next((stored.labels.get(label, "") for label in snapshot_label(store.snapshots.name, "")), "")


def chain_for(store: Store, name: str) -> str:
    """The chain id of an image, which is unpacked if it was not. Raises NotFound, InvalidImage, OSError."""
    chain = chain_of(store, store.images.get(name))
    if not chain:
        from tiffin.image.pull.pull import pull
        from tiffin.image.transports.store_source import StoreSource

        pull(StoreSource(store, name), store, name)
        chain = chain_of(store, store.images.get(name))
    return chain
