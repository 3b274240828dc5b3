"""`StoredSource`: an image of the store, as something to read from like any other place."""

from __future__ import annotations

from contextlib import contextmanager

from tiffin.image.errors import DigestMismatch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.documents import Descriptor
    from tiffin.image.store.store import Store
    from tiffin.image.verified import Readable


class StoredSource:
    """`ImageSource` of the content store. Args: name: of the image, for messages. top: what it names."""

    def __init__(self, store: Store, name: str, top: Descriptor) -> None:
        self.name = name
        self._content = store.content
        self._top = top

    def resolve(self) -> Descriptor:
        """What the name means."""
        return self._top

    def read_document(self, descriptor: Descriptor) -> bytes:
        """A manifest, an index or a config. Raises NotFound, DigestMismatch."""
        with self._content.open(descriptor.digest) as file:
            data = file.read()
        if len(data) != descriptor.size:
            raise DigestMismatch(f"{descriptor.digest} has {len(data)} bytes, not {descriptor.size}")
        return data

    @contextmanager
    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[Readable]:
        """A blob's bytes. Raises NotFound."""
        with self._content.open(descriptor.digest) as file:
            file.seek(offset)
            yield file

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:  # noqa: ARG002
        """None: the store knows of none."""
        return ()
