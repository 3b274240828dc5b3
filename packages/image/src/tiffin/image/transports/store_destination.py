"""A name of the local store as a destination: `tiffin:NAME`, or a bare name.

Blobs become content under a lease, manifests keep them by containerd's labels, and the name, given last, keeps those.
"""

from __future__ import annotations

import time

from tiffin.image.documents import INDEXES, any_manifest_of, tree_of
from tiffin.image.errors import AlreadyExists, DigestMismatch, NotFound, Unavailable
from tiffin.image.metadata.labels import GC_BACK_REFERENCE
from tiffin.image.metadata.protocol import Resource
from tiffin.image.store.content_labels import labels_of
from tiffin.image.store.names import labels_of_name
from tiffin.image.verified import BLOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.image.content.writer import LocalContentWriter
    from tiffin.image.documents import Descriptor
    from tiffin.image.store.store import Store
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transports.incoming import OpenAt

SUBJECT = f"{GC_BACK_REFERENCE}content.subject"
"""The label of a manifest that refers to another one: it is kept as long as that."""
PATIENCE = 0.1  # seconds between looks at a blob that another process writes


class StoreDestination:
    """Args: store: leased for as long as the copy lasts. image: its name in the store, in full. name: for messages."""

    def __init__(self, store: Store, image: str, name: str = "") -> None:
        self.name = name or image
        self.image = image
        self._store = store

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Whether it is there; then the lease keeps it."""
        self._store.leases.add(self._store.scope.lease, [Resource("content", descriptor.digest)])
        try:
            self._store.content.info(descriptor.digest)
        except NotFound:
            return False
        return True

    def mount_blob(self, descriptor: Descriptor, source: ImageSource) -> bool:  # noqa: ARG002  # the protocol's
        """Never."""
        return False

    def write_blob(self, descriptor: Descriptor, open_at: OpenAt) -> None:
        """Goes on with what a killed process has begun. Raises DigestMismatch, OSError."""
        try:
            with self._writer(descriptor) as writer:
                begun = writer.offset
                if begun > descriptor.size:
                    writer.truncate()
                try:
                    _fill(writer, descriptor, open_at)
                except DigestMismatch:
                    if not begun:  # else what was there before was damaged: all of it comes once more
                        raise
                    self.write_blob(descriptor, open_at)
        except AlreadyExists:  # another process was faster
            return

    def _writer(self, descriptor: Descriptor) -> LocalContentWriter:
        """The ingest, once no other process has it. Raises AlreadyExists."""
        name = f"layer-{descriptor.digest}"
        while True:
            try:
                return self._store.content.writer(name, total=descriptor.size, expected=descriptor.digest)
            except Unavailable:
                time.sleep(PATIENCE)

    def write_manifest(self, descriptor: Descriptor, data: bytes, *, tagged: bool) -> None:
        """Writes it with its labels, and with `tagged` gives it the name. Raises InvalidImage, OSError."""
        labels = labels_of(descriptor, data)
        subject = tree_of(data, descriptor.digest).get("subject")
        if isinstance(subject, dict):
            labels[SUBJECT] = str(subject.get("digest", ""))
        self._write(descriptor, data, labels)
        if tagged:
            self._store.images.put(self.image, descriptor, labels=self._name_labels(descriptor, data))

    def _write(self, descriptor: Descriptor, data: bytes, labels: Mapping[str, str]) -> None:
        content = self._store.content
        try:
            with content.writer(f"manifest-{descriptor.digest}", expected=descriptor.digest) as writer:
                writer.truncate()
                writer.write(data)
                writer.commit(size=len(data), digest=descriptor.digest, labels=labels)
        except AlreadyExists:
            content.update(descriptor.digest, labels)

    def _name_labels(self, descriptor: Descriptor, data: bytes) -> Mapping[str, str]:
        """Of an image; an index has no config of its own."""
        if descriptor.media_type in INDEXES:
            return {}
        manifest = any_manifest_of(data, f"manifest {descriptor.digest}", descriptor.media_type)
        return labels_of_name(self._store, manifest.config.digest)


def _fill(writer: LocalContentWriter, descriptor: Descriptor, open_at: OpenAt) -> None:
    with open_at(writer.offset) as stream:
        while writer.offset <= descriptor.size and (
            data := stream.read(BLOCK)
        ):  # one that never ends is refused
            writer.write(data)
    writer.commit(size=descriptor.size, digest=descriptor.digest)
