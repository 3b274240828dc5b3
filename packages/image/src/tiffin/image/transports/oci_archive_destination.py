"""An OCI image layout in a tar archive as a destination: `oci-archive:`."""

from __future__ import annotations

from typing import Any

from tiffin.image.documents import tree_of
from tiffin.image.transports.layout import blob_path
from tiffin.image.transports.layout_destination import HEADER, entry_of
from tiffin.spec.json_tree import encode
from tiffin.spec.media_type import INDEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transports.archive_writer import ArchiveWriter
    from tiffin.image.transports.incoming import OpenAt


class OciArchiveDestination:
    """Args: writer: the archive. tag: "" for none. name: for messages. The tagged manifest ends the archive."""

    def __init__(self, writer: ArchiveWriter, tag: str, name: str) -> None:
        self.name = name
        self._writer = writer
        self._tag = tag
        self._documents: dict[str, bytes] = {}
        self._blobs: dict[str, str] = {}
        self._entries: list[dict[str, Any]] = []

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Whether it came already."""
        return self._writer.has(descriptor.digest)

    def mount_blob(self, descriptor: Descriptor, source: ImageSource) -> bool:  # noqa: ARG002  # the protocol's
        """Never."""
        return False

    def write_blob(self, descriptor: Descriptor, open_at: OpenAt) -> None:
        """Raises DigestMismatch, OSError."""
        self._writer.take(descriptor, open_at)
        self._blobs[blob_path(descriptor.digest)] = descriptor.digest

    def write_manifest(self, descriptor: Descriptor, data: bytes, *, tagged: bool) -> None:
        """With the tagged one the archive is written. Raises OSError."""
        self._documents[blob_path(descriptor.digest)] = data
        if tagged or "subject" in tree_of(data, descriptor.digest):
            self._entries.append(entry_of(descriptor, data, self._tag if tagged else ""))
        if tagged:
            index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": self._entries}
            first = {"oci-layout": encode(HEADER).encode(), "index.json": encode(index).encode()}
            self._writer.finish({**first, **self._documents}, dict(sorted(self._blobs.items())))
