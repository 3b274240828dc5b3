"""An image of the local store as a source: `tiffin:NAME`, or a bare name."""

from __future__ import annotations

from contextlib import contextmanager

from tiffin.image.digest import digest_of, split_digest
from tiffin.image.documents import MOST_BYTES, Descriptor, tree_of
from tiffin.image.errors import DigestMismatch, FailedPrecondition, InvalidImage
from tiffin.image.store.names import ON_DISK
from tiffin.image.transports.dir_source import media_type_of
from tiffin.image.transports.store_destination import SUBJECT
from tiffin.image.transports.store_names import find_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.store.store import Store
    from tiffin.image.verified import Readable


class StoreSource:
    """Args: store: where it is. image: what a person calls it, see `find_name`. name: for messages."""

    def __init__(self, store: Store, image: str, name: str = "") -> None:
        self.name = name or image
        self.store = store
        self._image = image

    def stored_name(self) -> str:
        """The image's name as the store has it. Raises as `find_name`."""
        return find_name(self.store, self._image).name

    def resolve(self) -> Descriptor:
        """What the name means.

        Raises:
            NotFound, InvalidReference: as `find_name`.
            FailedPrecondition: only its layers were unpacked to the store; the image itself is elsewhere.
        """
        found = find_name(self.store, self._image)
        if ON_DISK in found.labels:
            raise FailedPrecondition(
                f"{self.name!r} is not in the store, only its files are: name the place where it is, {found.name!r}"
            )
        return found.target

    def read_document(self, descriptor: Descriptor) -> bytes:
        """Raises NotFound, DigestMismatch, InvalidImage."""
        if descriptor.size > MOST_BYTES:
            raise InvalidImage(
                f"{descriptor.digest} has {descriptor.size} bytes: more than {MOST_BYTES} are not read"
            )
        with self.store.content.open(descriptor.digest) as file:
            data = file.read(descriptor.size + 1)
        found = digest_of(data, split_digest(descriptor.digest)[0])
        if len(data) != descriptor.size or found != descriptor.digest:
            raise DigestMismatch(
                f"{descriptor.digest} in the store has {len(data)} bytes of {descriptor.size}, and is {found}: "
                "pull the image again"
            )
        return data

    @contextmanager
    def open_blob(self, descriptor: Descriptor, offset: int = 0) -> Iterator[Readable]:
        """Raises NotFound."""
        with self.store.content.open(descriptor.digest) as file:
            file.seek(offset)
            yield file

    def referrers(self, digest: str, artifact_type: str = "") -> tuple[Descriptor, ...]:
        """Manifests whose label says that this is their subject."""
        found = []
        for info in self.store.content.walk():
            if info.labels.get(SUBJECT) != digest:
                continue
            unknown = Descriptor("", info.digest, info.size, {}, None)
            data = self.read_document(unknown)
            if artifact_type in ("", _artifact_type(data)):
                found.append(unknown.replace(media_type=media_type_of(data, f"manifest {info.digest}")))
        return tuple(found)


def _artifact_type(data: bytes) -> str:
    """The type of an artifact: image-spec `manifest.md`, "Guidelines for Artifact Usage"."""
    tree = tree_of(data, "a referrer")
    config = tree.get("config")
    return str(tree.get("artifactType") or (config if isinstance(config, dict) else {}).get("mediaType"))
