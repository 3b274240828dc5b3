"""Finding an image of the store by what a person writes: its name, its name as Docker shortens it, or its digest."""

from __future__ import annotations

from tiffin.image.errors import InvalidReference, NotFound
from tiffin.image.store.names import CONFIG
from tiffin.image.transports.names import full_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.metadata.protocol import StoredName
    from tiffin.image.store.store import Store

SHORTEST = 4  # hexadecimal digits that may stand for a digest


def find_name(store: Store, text: str) -> StoredName:
    """The image that `text` means; one of its names. As `find_names`."""
    return find_names(store, text)[0]


def find_names(store: Store, text: str) -> list[StoredName]:
    """The names that `text` means: one, or all of an image that was named by its digest.

    Args:
        text: a name as the store has it; one that gets Docker's defaults; or a digest of the image or its config,
            with or without `sha256:`, cut short as far as only one image has it.

    Raises:
        NotFound: there is none. InvalidReference: several images have such a digest.
    """
    for name in dict.fromkeys((text, with_defaults(text))):
        try:
            return [store.images.get(name)]
        except NotFound:
            continue
    found = _by_digest(store, text)
    if len({one.target.digest for one in found}) > 1:
        names = ", ".join(one.name for one in found)
        raise InvalidReference(f"several images have a digest that begins with {text!r}: {names}")
    if not found:
        raise NotFound(
            f"there is no image {text!r} in the store; `tiffin-image list` shows them (one in a registry is docker://NAME)"
        )
    return found


def with_defaults(text: str) -> str:
    """A name with Docker's defaults; what is no reference stays as it is."""
    try:
        return full_name(text)
    except InvalidReference:
        return text


def _by_digest(store: Store, text: str) -> list[StoredName]:
    start = text.removeprefix("sha256:")
    if len(start) < SHORTEST or start.strip("0123456789abcdef"):
        return []
    return [
        one
        for one in store.images.list()
        if any(
            digest.partition(":")[2].startswith(start)
            for digest in (one.target.digest, one.labels.get(CONFIG, ""))
        )
    ]
