"""`RegistryDestination`: a name in a registry that an image is pushed to."""

from __future__ import annotations

from tiffin.image.errors import Unsupported
from tiffin.image.registry.source import RegistrySource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor
    from tiffin.image.registry.opened import OpenAt
    from tiffin.image.registry.repository import Repository
    from tiffin.image.transfer.protocol import ImageSource


class RegistryDestination:
    """Implements `ImageDestination`; usable by several threads at once.

    Args:
        repository: where to. tag: what a tagged manifest is called; "" to push by digest alone.
    """

    def __init__(self, repository: Repository, tag: str) -> None:
        self._repository = repository
        self._tag = tag
        self.name = f"{repository.name}:{tag}" if tag else repository.name

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Whether it need not be sent."""
        return self._repository.has_blob(descriptor.digest)

    def mount_blob(self, descriptor: Descriptor, source: ImageSource) -> bool:
        """Takes it over from another repository of the same registry, if the registry does that."""
        if not isinstance(source, RegistrySource):
            return False
        there = source.repository
        if there.registry != self._repository.registry or there.path == self._repository.path:
            return False
        try:
            return self._repository.mount_blob(descriptor.digest, there.path)
        except Unsupported:
            return False

    def write_blob(self, descriptor: Descriptor, open_at: OpenAt) -> None:
        """Sends a blob; the registry keeps nothing of one that does not match. Raises DigestMismatch."""
        self._repository.push_blob(descriptor, open_at)

    def write_manifest(self, descriptor: Descriptor, data: bytes, *, tagged: bool) -> None:
        """Sends a manifest or an index, with `tagged` under the tag. Raises FailedPrecondition: a blob is missing."""
        reference = self._tag if tagged and self._tag else descriptor.digest
        self._repository.push_manifest(reference, data, descriptor.media_type)
