"""skopeo's `dir:` as a source: manifest.json, the other manifests of an index as HEX.manifest.json, blobs as HEX."""

from __future__ import annotations

from contextlib import contextmanager

from tiffin.image.digest import digest_of, split_digest
from tiffin.image.documents import INDEXES, MANIFESTS, Descriptor, tree_of
from tiffin.image.errors import DigestMismatch, InvalidImage
from tiffin.image.transports.folder import read_document
from tiffin.spec.media_type import INDEX, MANIFEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.transports.folder import Files
    from tiffin.image.verified import Readable

VERSION = "Directory Transport Version: 1.1\n"


class DirSource:
    """Args: files: the folder. name: for messages."""

    def __init__(self, files: Files, name: str) -> None:
        self.name = name
        self._files = files

    def resolve(self) -> Descriptor:
        """The image; nothing says what its digest should be. Raises NotFound, InvalidImage."""
        data = read_document(self._files, "manifest.json")
        return Descriptor(media_type_of(data, "manifest.json"), digest_of(data), len(data), {}, None)

    def read_document(self, descriptor: Descriptor) -> bytes:
        """Raises NotFound, DigestMismatch."""
        algorithm, encoded = split_digest(descriptor.digest)
        manifest = descriptor.media_type in (*INDEXES, *MANIFESTS)
        path = f"{encoded}.manifest.json" if manifest else encoded
        if manifest and not self._files.has(path):
            path = "manifest.json"
        data = read_document(self._files, path)
        if len(data) != descriptor.size or digest_of(data, algorithm) != descriptor.digest:
            raise DigestMismatch(
                f"{path!r} in {self.name!r} is damaged or forged: it has {len(data)} bytes of {descriptor.size}, "
                f"and the digest {digest_of(data, algorithm)} in place of {descriptor.digest}"
            )
        return data

    @contextmanager
    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[Readable]:
        """Raises NotFound, InvalidImage."""
        with self._files.open(split_digest(descriptor.digest)[1]) as file:
            file.seek(offset)
            yield file

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:  # noqa: ARG002
        """None: such a folder holds one image only."""
        return ()


def media_type_of(data: bytes, what: str) -> str:
    """What a manifest is, by its own words, or else by its shape. Raises InvalidImage."""
    tree = tree_of(data, what)
    own = tree.get("mediaType")
    if own in (*INDEXES, *MANIFESTS):
        return str(own)
    if own is None and isinstance(tree.get("manifests"), list):
        return INDEX
    if own is None and isinstance(tree.get("layers"), list):
        return MANIFEST
    raise InvalidImage(
        f"{what} is neither a manifest nor an index of schema version 2: {own or 'no mediaType'}"
    )
