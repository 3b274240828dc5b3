"""Documents of an image that is pulled: what the store has of them is not asked for again."""

from __future__ import annotations

from tiffin.image.digest import digest_of, split_digest
from tiffin.image.documents import MOST_BYTES
from tiffin.image.errors import DataLoss, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.content.local import LocalContentStore
    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.protocol import ImageSource


def document(source: ImageSource, content: LocalContentStore, descriptor: Descriptor) -> bytes:
    """A manifest or a config: the store's, if it has it unharmed, else the source's.

    Raises:
        NotFound, DigestMismatch, ImageFailure: as `ImageSource.read_document`.
    """
    data = _stored(content, descriptor) if descriptor.size <= MOST_BYTES else None
    return source.read_document(descriptor) if data is None else data


def _stored(content: LocalContentStore, descriptor: Descriptor) -> bytes | None:
    algorithm, _ = split_digest(descriptor.digest)
    try:
        with content.open(descriptor.digest) as file:
            data = file.read(descriptor.size + 1)
    except (NotFound, DataLoss):  # it comes, and is put right, with the rest
        return None
    return data if len(data) == descriptor.size and digest_of(data, algorithm) == descriptor.digest else None
