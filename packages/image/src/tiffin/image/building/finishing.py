"""`finish`: from the target stage to an image: config, manifest and names in the store."""

from __future__ import annotations

from tiffin.image.building.cache.keys import digest_of_tree
from tiffin.image.building.ingests import ingest_name
from tiffin.image.building.layers import chain_of
from tiffin.image.digest import digest_of
from tiffin.image.documents import Descriptor
from tiffin.image.errors import AlreadyExists
from tiffin.image.metadata.images import descriptor_tree
from tiffin.image.store.content_labels import labels_of, snapshot_label
from tiffin.image.store.names import labels_of_name
from tiffin.image.transports.names import full_name
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import encode
from tiffin.spec.media_type import CONFIG, MANIFEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tiffin.image.building.history import BuiltStage
    from tiffin.image.building.options import BuildOptions
    from tiffin.image.building.session import BuildSession
    from tiffin.image.building.stages.steps import Stage
    from tiffin.image.store.store import Store


class Built(Record):
    """An image that was built. manifest: its descriptor. config_digest: its id. names: as the store has them."""

    manifest: Descriptor
    config_digest: str
    names: tuple[str, ...]
    tree: dict[str, Any]


def finish(session: BuildSession, stage: Stage, built: BuiltStage) -> Built:
    """Writes the image, and gives it its names. Raises InvalidReference, OSError."""
    store = session.store
    names = full_names(session.options)
    session.layers.bring(built.layers)
    session.layers.unpack(stage.title, built.layers)
    tree = _config(session, stage, built)
    chain = chain_of(built.layers)
    kept = snapshot_label(store.snapshots.name, chain) if chain else {}
    config = _write(store, encode(tree).encode(), CONFIG, kept)
    manifest_tree = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": descriptor_tree(config),
        "layers": [descriptor_tree(layer.descriptor) for layer in built.layers],
    }
    data = encode(manifest_tree).encode()
    manifest = _write(store, data, MANIFEST)
    names = names or (f"localhost/build@{manifest.digest}",)
    for name in names:
        store.images.put(name, manifest, labels=labels_of_name(store, config.digest, chain))
    return Built(manifest, config.digest, names, tree)


def full_names(options: BuildOptions) -> tuple[str, ...]:
    """The names of the image as the store has them. Raises InvalidReference."""
    return tuple(map(full_name, options.names))


def _config(session: BuildSession, stage: Stage, built: BuiltStage) -> dict[str, Any]:
    """The config. What has no time of its own has that of the first build that came to the same image."""
    settings = dict(stage.tree["config"])
    if session.options.labels:
        settings["Labels"] = {**(settings.get("Labels") or {}), **session.options.labels}
    facts: dict[str, Any] = {
        **stage.tree,
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in built.layers]},
    }
    key = digest_of_tree([facts, [entry["created_by"] for entry in built.history if "created" not in entry]])
    created = session.now()
    if session.source_date_epoch is None and session.options.use_cache:
        created = session.cache.moment(key, created)
    history = [{"created": created, **entry} for entry in built.history]
    return {"created": created, **facts, "history": history}


def _write(store: Store, data: bytes, media_type: str, labels: Mapping[str, str] | None = None) -> Descriptor:
    descriptor = Descriptor(media_type, digest_of(data), len(data), {}, None)
    kept = labels_of(descriptor, data) if labels is None else labels
    try:
        with store.content.writer(ingest_name(), expected=descriptor.digest) as writer:
            writer.write(data)
            writer.commit(size=len(data), labels=kept)
    except AlreadyExists:
        store.content.update(descriptor.digest, kept)
    return descriptor
