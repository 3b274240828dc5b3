"""An OCI image layout in a folder as a destination: `oci:`. A blob is there whole or not; index.json comes last."""

from __future__ import annotations

import os
from typing import Any

from tiffin.image.digest import split_digest
from tiffin.image.documents import tree_of
from tiffin.image.durable import locked_folder
from tiffin.image.errors import InvalidImage
from tiffin.image.transports.folder import Folder, read_document
from tiffin.image.transports.incoming import holds, take
from tiffin.image.transports.layout import blob_path
from tiffin.image.transports.unfinished import write_whole
from tiffin.spec.json_tree import encode
from tiffin.spec.media_type import INDEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transports.incoming import OpenAt

REF_NAME = "org.opencontainers.image.ref.name"
HEADER = {"imageLayoutVersion": "1.0.0"}


class LayoutDestination:
    """Args: folder: the layout; it is made when the first blob comes. tag: "" for none. name: for messages."""

    def __init__(self, folder: str, tag: str, name: str) -> None:
        self.name = name
        self.folder = folder
        self._tag = tag

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Whether it is there and undamaged."""
        return holds(os.path.join(self.folder, blob_path(descriptor.digest)), descriptor)

    def mount_blob(self, descriptor: Descriptor, source: ImageSource) -> bool:  # noqa: ARG002  # the protocol's
        """Never: two layouts share nothing."""
        return False

    def write_blob(self, descriptor: Descriptor, open_at: OpenAt) -> None:
        """Raises DigestMismatch, OSError; then nothing is kept."""
        path = os.path.join(self.folder, blob_path(descriptor.digest))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with take(os.path.dirname(path), descriptor, open_at) as unfinished:
            unfinished.publish(path)

    def write_manifest(self, descriptor: Descriptor, data: bytes, *, tagged: bool) -> None:
        """A manifest that has a `subject` stands in index.json too, or nobody would find it."""
        algorithm, encoded = split_digest(descriptor.digest)
        blobs = os.path.join(self.folder, "blobs", algorithm)
        os.makedirs(blobs, exist_ok=True)
        write_whole(os.path.join(blobs, encoded), data)
        if tagged or "subject" in tree_of(data, descriptor.digest):
            self._name(entry_of(descriptor, data, self._tag if tagged else ""), self._tag if tagged else "")

    def _name(self, entry: dict[str, Any], tag: str) -> None:
        with locked_folder(self.folder):
            entries = [
                one
                for one in index_entries(self.folder)
                if not (tag and name_of(one) == tag)
                and (one.get("digest"), name_of(one)) != (entry["digest"], tag)
            ]
            write_entries(self.folder, [*entries, entry])


def entry_of(descriptor: Descriptor, data: bytes, tag: str) -> dict[str, Any]:
    """What index.json has of a manifest."""
    entry: dict[str, Any] = {
        "mediaType": descriptor.media_type,
        "digest": descriptor.digest,
        "size": len(data),
    }
    if descriptor.platform is not None and descriptor.platform.architecture:
        names = ("os", "architecture", "variant")
        pairs = zip(names, descriptor.platform, strict=True)
        entry["platform"] = {name: value for name, value in pairs if value}
    artifact = tree_of(data, descriptor.digest).get("artifactType")
    if artifact:
        entry["artifactType"] = artifact
    annotations = {key: value for key, value in descriptor.annotations.items() if key != REF_NAME}
    if tag:
        annotations[REF_NAME] = tag
    if annotations:
        entry["annotations"] = annotations
    return entry


def name_of(entry: dict[str, Any]) -> str:
    """The tag of an entry of index.json, "" if it has none."""
    annotations = entry.get("annotations") or {}
    return str(annotations.get(REF_NAME, "")) if isinstance(annotations, dict) else ""


def index_entries(folder: str) -> list[dict[str, Any]]:
    """The entries of index.json as they stand there; none in a new layout. Raises InvalidImage."""
    if not os.path.exists(os.path.join(folder, "index.json")):
        return []
    entries = tree_of(read_document(Folder(folder), "index.json"), "index.json").get("manifests") or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InvalidImage(f"index.json in {folder!r} is no index: nothing is written to it")
    return entries


def write_entries(folder: str, entries: list[dict[str, Any]]) -> None:
    """Writes oci-layout, where it is missing, and then index.json. Raises OSError."""
    header = os.path.join(folder, "oci-layout")
    if not os.path.exists(header):
        write_whole(header, encode(HEADER).encode())
    tree = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
    write_whole(os.path.join(folder, "index.json"), encode(tree).encode())
