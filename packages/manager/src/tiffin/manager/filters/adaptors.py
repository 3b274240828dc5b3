"""The fields of what can be filtered, as containerd tells them (its `metadata/adaptors.go` and `content/adaptor.go`).

Each function takes a thing and returns what tells its fields. A name that is empty is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tiffin.image.content.protocol import BlobInfo, IngestStatus
    from tiffin.image.metadata.protocol import Lease, StoredName
    from tiffin.image.snapshots.protocol import SnapshotInfo
    from tiffin.manager.filters.filter import Field
    from tiffin.manager.metadata.message_table import Row

LABELS = "labels"


def blob_fields(info: BlobInfo) -> Field:
    """`digest`, `labels.*`."""
    return _fields({"digest": info.digest}, {LABELS: info.labels})


def ingest_fields(status: IngestStatus) -> Field:
    """`ref`."""
    return _fields({"ref": status.reference}, {})


def image_fields(image: StoredName) -> Field:
    """`name`, `target.digest`, `target.mediatype`, `labels.*`, `annotations.*` (of the target)."""
    texts = {
        "name": image.name or None,
        "target.digest": image.target.digest or None,
        "target.mediatype": image.target.media_type or None,
    }
    return _fields(texts, {LABELS: image.labels, "annotations": image.target.annotations})


def lease_fields(lease: Lease) -> Field:
    """`id`, `labels.*`."""
    return _fields({"id": lease.id}, {LABELS: lease.labels})


def snapshot_fields(info: SnapshotInfo) -> Field:
    """`kind`, `name`, `parent`, `labels.*`."""
    texts = {"kind": info.kind.value, "name": info.key, "parent": info.parent}
    return _fields(texts, {LABELS: info.labels})


def container_fields(row: Row) -> Field:
    """`id`, `runtime.name`, `image`, `labels.*`; ours: `snapshotter`, `snapshotkey`, `sandboxid`."""
    texts = {
        "id": row.id,
        "runtime.name": row.facts["runtime"] or None,
        "image": row.facts["image"] or None,
        "snapshotter": row.facts["snapshotter"] or None,
        "snapshotkey": row.facts["snapshot_key"] or None,
        "sandboxid": row.facts["sandbox"] or None,
    }
    return _fields(texts, {LABELS: row.labels})


def sandbox_fields(row: Row) -> Field:
    """`id`, `labels.*`."""
    return _fields({"id": row.id}, {LABELS: row.labels})


def _fields(
    texts: Mapping[str, str | None], maps: Mapping[str, Mapping[str, str]]
) -> Callable[[Sequence[str]], str | None]:
    """What tells texts by their whole paths, and values of maps by what stands behind the map's name."""

    def field(path: Sequence[str]) -> str | None:
        named = maps.get(path[0])
        if named is not None:
            return named.get(".".join(path[1:]))
        return texts.get(".".join(path))

    return field
