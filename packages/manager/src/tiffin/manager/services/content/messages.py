"""Blobs and ingests as messages, and parts of blobs as their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.manager.services.conversion import timestamp
from tiffin.manager.services.encoding import embedded, varint

if TYPE_CHECKING:
    from tiffin.image.content.protocol import BlobInfo, IngestStatus

OFFSET = bytes([api.ReadContentResponse.OFFSET_FIELD_NUMBER << 3])  # wire type VARINT
DATA = api.ReadContentResponse.DATA_FIELD_NUMBER


def info_message(info: BlobInfo) -> api.Info:
    """A blob."""
    return api.Info(
        digest=info.digest,
        size=info.size,
        created_at=timestamp(info.created),
        updated_at=timestamp(info.updated),
        labels=info.labels,
    )


def status_message(status: IngestStatus) -> api.Status:
    """An ingest."""
    return api.Status(
        ref=status.reference,
        offset=status.offset,
        total=status.total,
        expected=status.expected,
        started_at=timestamp(status.started),
        updated_at=timestamp(status.updated),
    )


def part(offset: int, data: bytes) -> bytes:
    """A `ReadContentResponse`, without copying the data into a message first."""
    return OFFSET + varint(offset) + embedded(DATA, data)
