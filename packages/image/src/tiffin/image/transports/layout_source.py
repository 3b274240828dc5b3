"""An OCI image layout, in a folder or an archive, as a source: `oci:` and `oci-archive:`."""

from __future__ import annotations

from contextlib import contextmanager

from tiffin.image.digest import digest_of
from tiffin.image.documents import MANIFESTS, Descriptor, index_of, tree_of
from tiffin.image.errors import ImageFailure, InvalidImage
from tiffin.image.transports.folder import read_document
from tiffin.image.transports.layout import blob_path, read_blob, tagged_entries
from tiffin.spec.json_tree import encode
from tiffin.spec.media_type import INDEX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.transports.folder import Files
    from tiffin.image.verified import Readable

REF_NAME = "org.opencontainers.image.ref.name"


class LayoutSource:
    """Args: files: where the layout is. tag: a tag, `@DIGEST`, or "" if there is but one. name: for messages."""

    def __init__(self, files: Files, tag: str, name: str) -> None:
        self.name = name
        self._files = files
        self._tag = tag
        self._made: dict[str, bytes] = {}

    def resolve(self) -> Descriptor:
        """What the tag names; several manifests of one name (for several platforms) are made an index of.

        Raises NotFound, InvalidReference, InvalidImage.
        """
        version = tree_of(read_document(self._files, "oci-layout"), "oci-layout").get("imageLayoutVersion")
        if version != "1.0.0":
            raise InvalidImage(f"{self.name!r} is an image layout of version {version!r}; 1.0.0 can be read")
        entries = tagged_entries(self._entries(), self._tag, self.name)
        if len(entries) == 1:
            return entries[0]
        tree = tree_of(read_document(self._files, "index.json"), "index.json")
        digests = {entry.digest for entry in entries}
        chosen = [entry for entry in tree["manifests"] if entry["digest"] in digests]
        data = encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": chosen}).encode()
        self._made[digest_of(data)] = data
        return Descriptor(INDEX, digest_of(data), len(data), {}, None)

    def read_document(self, descriptor: Descriptor) -> bytes:
        """Raises NotFound, DigestMismatch, InvalidImage."""
        made = self._made.get(descriptor.digest)
        return read_blob(self._files, descriptor) if made is None else made

    @contextmanager
    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[Readable]:
        """Raises NotFound, InvalidImage."""
        with self._files.open(blob_path(descriptor.digest)) as file:
            file.seek(offset)
            yield file

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """Manifests in index.json with this `subject`, and those of the tag fallback (distribution-spec 1.1)."""
        fallback = digest.replace(":", "-", 1)
        found: dict[str, Descriptor] = {}
        for entry in self._entries():
            if entry.annotations.get(REF_NAME) == fallback:
                what = f"index {entry.digest}"
                inner = index_of(self.read_document(entry), what, entry.media_type)
                found |= {one.digest: one for one in inner}
            elif entry.media_type in MANIFESTS and self._subject(entry) == digest:
                found[entry.digest] = entry
        return tuple(one for one in found.values() if artifact_type in ("", self._kind(one)))

    def _entries(self) -> tuple[Descriptor, ...]:
        return index_of(read_document(self._files, "index.json"), "index.json")

    def _subject(self, entry: Descriptor) -> str:
        try:
            tree = tree_of(self.read_document(entry), f"manifest {entry.digest}")
        except ImageFailure:
            return ""  # another image of the layout is damaged: no business of this one
        subject = tree.get("subject")
        return str(subject.get("digest", "")) if isinstance(subject, dict) else ""

    def _kind(self, entry: Descriptor) -> str:
        """The type of an artifact: image-spec `manifest.md`, "Guidelines for Artifact Usage"."""
        tree = tree_of(self.read_document(entry), f"manifest {entry.digest}")
        config = tree.get("config")
        return str(tree.get("artifactType") or (config if isinstance(config, dict) else {}).get("mediaType"))
