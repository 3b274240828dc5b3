"""What is checked of names and documents before anything is asked of a registry, and after it has answered."""

from __future__ import annotations

from tiffin.image.digest import digest_of, split_digest
from tiffin.image.documents import INDEXES, MANIFESTS, MOST_BYTES
from tiffin.image.errors import DigestMismatch, InvalidImage, InvalidReference
from tiffin.spec.reference import InvalidReference as SpecInvalidReference
from tiffin.spec.reference import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor


def check_reference(reference: str) -> None:
    """Refuses what is neither a tag nor a digest. Raises InvalidReference, InvalidImage."""
    if ":" in reference:
        split_digest(reference)
        return
    try:
        Reference("registry.example", "a").with_tag(reference)
    except SpecInvalidReference as error:
        raise InvalidReference(str(error)) from error


def is_manifest(media_type: str) -> bool:
    """Whether such content is asked for as a manifest, and not as a blob."""
    return media_type in MANIFESTS or media_type in INDEXES


def check_size(descriptor: Descriptor) -> None:
    """Refuses a document that is too big to be read into memory. Raises InvalidImage."""
    split_digest(descriptor.digest)
    if descriptor.size > MOST_BYTES:
        raise InvalidImage(
            f"{descriptor.digest} has {descriptor.size} bytes: more than {MOST_BYTES} are not read"
        )


def verified(data: bytes, descriptor: Descriptor, where: str) -> bytes:
    """The data, if it is what its descriptor says. Raises DigestMismatch."""
    found = digest_of(data, split_digest(descriptor.digest)[0])
    if len(data) != descriptor.size or found != descriptor.digest:
        raise DigestMismatch(
            f"{where}: {descriptor.digest} should have {descriptor.size} bytes; it has {len(data)}, and is {found}"
        )
    return data
