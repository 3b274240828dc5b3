"""The labels by which content keeps what it names, and a config the snapshot of its layers: containerd's.

Source: containerd's `docs/garbage-collection.md`, "Garbage Collection labels".
"""

from __future__ import annotations

from tiffin.image.documents import INDEXES, any_manifest_of, index_of
from tiffin.image.metadata.labels import GC_REFERENCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.image.documents import Descriptor


def labels_of(descriptor: Descriptor, data: bytes) -> dict[str, str]:
    """The labels of a manifest or an index. Raises InvalidImage."""
    if descriptor.media_type in INDEXES:
        members = index_of(data, f"index {descriptor.digest}", descriptor.media_type)
        return {f"{GC_REFERENCE}content.m.{number}": one.digest for number, one in enumerate(members)}
    manifest = any_manifest_of(data, f"manifest {descriptor.digest}", descriptor.media_type)
    layers = {f"{GC_REFERENCE}content.l.{number}": one.digest for number, one in enumerate(manifest.layers)}
    return {f"{GC_REFERENCE}content.config": manifest.config.digest, **layers}


def snapshot_label(snapshotter: str, chain_id: str) -> Mapping[str, str]:
    """The label of a config whose layers were unpacked."""
    return {f"{GC_REFERENCE}snapshot.{snapshotter}": chain_id}
