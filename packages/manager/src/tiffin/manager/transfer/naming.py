"""How images are called in the store that a client names: by its name, and by what it says of names in an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.image.transports.store_names import with_defaults
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.api.containerd.types.transfer.imagestore_pb2 import ImageReference, ImageStore


def names_in_store(place: ImageStore, own: Sequence[str], digest: str, *, alone: bool) -> list[str]:
    """What one image of an archive is called.

    Args:
        place: the store, as the client names it.
        own: the names that stand in the archive: whole ones, or tags.
        digest: of the image.
        alone: there is no other one in the archive.

    Raises:
        NotFound: it would get none.
    """
    found = [place.name] if place.name and alone else []
    for reference in place.extra_references:
        found += _by_reference(reference, own, digest)
    if not place.name and not place.extra_references:
        found += [with_defaults(name) for name in own if _is_whole(name)]
    if not found:
        raise NotFound(f"the image {digest} of the archive would get no name: give one")
    return list(dict.fromkeys(found))


def _by_reference(reference: ImageReference, own: Sequence[str], digest: str) -> list[str]:
    prefix = reference.name
    if not reference.is_prefix:
        return [f"{prefix}@{digest}" if reference.add_digest else prefix]
    named = [name for name in (_with_prefix(reference, each) for each in own) if name]
    if reference.add_digest and not (named and reference.skip_named_digest):
        named.append(f"{prefix}@{digest}")
    return named


def _with_prefix(reference: ImageReference, name: str) -> str:
    """A name of the archive below the prefix; "" if it is another one's."""
    if not _is_whole(name):
        return f"{reference.name}:{name}"
    whole = with_defaults(name)
    inside = whole.startswith((f"{reference.name}:", f"{reference.name}@", f"{reference.name}/"))
    return whole if inside or reference.allow_overwrite else ""


def _is_whole(name: str) -> bool:
    """Whether it is more than a tag."""
    return "/" in name or ":" in name
