"""`ImageSource` and `ImageDestination`: a registry, a layout, an archive, a folder or the store, seen from a copy.

A source hands out manifests and blobs by descriptor; nothing of it is trusted before its digest was checked.
A destination takes blobs first, then the manifests that name them, the one with the tag last.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Protocol

    from tiffin.image.documents import Descriptor
    from tiffin.image.verified import Readable
else:
    Protocol = object  # importing typing takes longer than everything that is done here


class ImageSource(Protocol):
    """Where an image comes from."""

    name: str
    """For messages: what a person wrote."""

    def resolve(self) -> Descriptor:
        """The manifest or index that was asked for. Raises NotFound."""

    def read_document(self, descriptor: Descriptor) -> bytes:
        """A manifest, an index or a config, verified. Raises NotFound, DigestMismatch."""

    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> AbstractContextManager[Readable]:
        """A blob's bytes from an offset on, not verified. Raises NotFound."""

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """What refers to a manifest by its `subject` (signatures and the like); none where that is not known."""


class ImageDestination(Protocol):
    """Where an image goes."""

    name: str

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Whether it need not be sent."""

    def mount_blob(self, descriptor: Descriptor, source: ImageSource) -> bool:
        """Takes it over from where the source has it without sending it, if both can (a registry's cross-mount)."""

    def write_blob(
        self, descriptor: Descriptor, open_at: Callable[[int], AbstractContextManager[Readable]]
    ) -> None:
        """Takes a blob. open_at: opens it from an offset on, again if the destination must resume.

        Raises DigestMismatch; then nothing of it is kept.
        """

    def write_manifest(self, descriptor: Descriptor, data: bytes, *, tagged: bool) -> None:
        """Takes a manifest or an index; with `tagged`, under the name that the destination was opened with."""
