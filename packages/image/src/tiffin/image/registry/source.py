"""`RegistrySource`: an image in a registry, to be copied or pulled from."""

from __future__ import annotations

from tiffin.image.errors import NotFound
from tiffin.image.registry.checks import is_manifest
from tiffin.image.registry.foreign import is_foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tiffin.image.documents import Descriptor
    from tiffin.image.registry.repository import Repository
    from tiffin.image.verified import Readable


class RegistrySource:
    """Implements `ImageSource`; usable by several threads at once.

    Args:
        repository: where. reference: a tag or a digest. name: what a person wrote; the full name by default.
    """

    def __init__(self, repository: Repository, reference: str, name: str = "") -> None:
        self.repository = repository
        self._reference = reference
        joint = "@" if ":" in reference else ":"
        self.name = name or f"{repository.name}{joint}{reference}"
        self._read: dict[str, bytes] = {}

    def resolve(self) -> Descriptor:
        """The manifest or index that was asked for. Raises NotFound."""
        descriptor, data = self.repository.resolve(self._reference)
        if data is not None:  # it need not be asked for twice
            self._read[descriptor.digest] = data
        return descriptor

    def read_document(self, descriptor: Descriptor) -> bytes:
        """A manifest, an index or a config, verified. Raises NotFound, DigestMismatch."""
        data = self._read.get(descriptor.digest)
        if data is not None and len(data) == descriptor.size:
            return data
        if is_manifest(descriptor.media_type):
            return self.repository.read_manifest(descriptor)
        return self.repository.read_blob(descriptor)

    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> AbstractContextManager[Readable]:
        """A blob's bytes from an offset on, not verified; goes on by itself after a cut. Raises NotFound."""
        try:
            return self.repository.open_blob(descriptor, offset)
        except NotFound:
            if not is_foreign(descriptor):
                raise
        return self.repository.open_foreign(descriptor, offset)

    def open_range(self, descriptor: Descriptor, start: int, end: int) -> AbstractContextManager[Readable]:
        """A part of a blob, for those that fetch several at once. Raises NotFound."""
        return self.repository.open_blob(descriptor, start, end)

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """What refers to a manifest by its `subject`."""
        return self.repository.referrers(digest, artifact_type)
