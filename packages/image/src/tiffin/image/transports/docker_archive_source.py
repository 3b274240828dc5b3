"""What `docker save` wrote, as a source: `docker-archive:`.

There is no manifest in it that names stored bytes by digest: one is made, of schema 2, whose layers are the
uncompressed archives that the config's diff_ids name.
"""

from __future__ import annotations

from contextlib import contextmanager

from tiffin.image.decompress import decompressed, is_compressed
from tiffin.image.digest import digest_of
from tiffin.image.documents import Descriptor
from tiffin.image.errors import DigestMismatch, InvalidImage, NotFound
from tiffin.image.transports.docker_archive import archive_config, archive_entries, selected_entry
from tiffin.image.verified import BLOCK
from tiffin.spec.json_tree import encode
from tiffin.spec.media_type import DOCKER_CONFIG, DOCKER_LAYER, DOCKER_MANIFEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.transports.folder import Files
    from tiffin.image.verified import Readable


class DockerArchiveSource:
    """Args: files: the archive. tag: `NAME:TAG`, `@INDEX`, or "" if there is but one image. name: for messages."""

    def __init__(self, files: Files, tag: str, name: str) -> None:
        self.name = name
        self._files = files
        self._tag = tag
        self._documents: dict[str, bytes] = {}
        self._layers: dict[str, str] = {}

    def resolve(self) -> Descriptor:
        """The manifest that is made of what is there. Raises NotFound, InvalidReference, InvalidImage."""
        entry = selected_entry(archive_entries(self._files), self._tag, self.name)
        config, data = archive_config(self._files, entry)
        if len(config.diff_ids) != len(entry["Layers"]):
            raise InvalidImage(
                f"{self.name!r}: {len(entry['Layers'])} layers, the config has {len(config.diff_ids)}"
            )
        self._layers = dict(zip(config.diff_ids, entry["Layers"], strict=True))
        sizes = {diff_id: self._size(path) for diff_id, path in self._layers.items()}
        manifest = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": {"mediaType": DOCKER_CONFIG, "digest": config.digest, "size": len(data)},
            "layers": [
                {"mediaType": DOCKER_LAYER, "digest": diff_id, "size": sizes[diff_id]}
                for diff_id in config.diff_ids
            ],
        }
        text = encode(manifest).encode()
        self._documents = {config.digest: data, digest_of(text): text}
        return Descriptor(DOCKER_MANIFEST, digest_of(text), len(text), {}, config.platform)

    def read_document(self, descriptor: Descriptor) -> bytes:
        """The manifest or the config. Raises NotFound, DigestMismatch."""
        data = self._documents.get(descriptor.digest)
        if data is None:
            raise NotFound(f"{self.name!r} has no document {descriptor.digest}")
        if len(data) != descriptor.size:
            raise DigestMismatch(f"{descriptor.digest} has {len(data)} bytes, not {descriptor.size}")
        return data

    @contextmanager
    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[Readable]:
        """A layer, uncompressed, or the config. Raises NotFound, InvalidImage."""
        if descriptor.digest in self._documents:
            from io import BytesIO

            yield BytesIO(self._documents[descriptor.digest][offset:])
            return
        path = self._layers.get(descriptor.digest)
        if path is None:
            raise NotFound(f"{self.name!r} has no layer {descriptor.digest}")
        with self._files.open(path) as file:
            stream = decompressed(file)
            while offset > 0 and (block := stream.read(min(offset, BLOCK))):
                offset -= len(block)
            yield stream

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:  # noqa: ARG002
        """None: such an archive has no place for them."""
        return ()

    def _size(self, path: str) -> int:
        """Bytes of the uncompressed layer; a compressed one must be read for that."""
        with self._files.open(path) as file:
            if not is_compressed(file.read(4)):
                return file.seek(0, 2)
            file.seek(0)
            stream, size = decompressed(file), 0
            while block := stream.read(BLOCK):
                size += len(block)
            return size
