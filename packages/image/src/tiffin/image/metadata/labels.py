"""Labels: small texts by name, as containerd has them on everything."""

from __future__ import annotations

from tiffin.image.errors import InvalidArgument
from tiffin.image.metadata.damage import DAMAGED
from tiffin.spec.json_tree import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 4096  # containerd's limit of a label's name and value together

GC_ROOT = "containerd.io/gc.root"
GC_EXPIRE = "containerd.io/gc.expire"
GC_FLAT = "containerd.io/gc.flat"
GC_REFERENCE = "containerd.io/gc.ref."
GC_BACK_REFERENCE = "containerd.io/gc.bref."

NOTES = frozenset({DAMAGED})  # what we say of a thing, not what its owner does


def to_text(labels: Mapping[str, str] | None) -> str:
    """Labels as the database has them: none with an empty value. Raises InvalidArgument for one that is too long."""
    kept = {name: value for name, value in sorted((labels or {}).items()) if value}
    for name, value in kept.items():
        if len(name.encode()) + len(value.encode()) > MOST_BYTES:
            raise InvalidArgument(f"the label {name[:64]!r} has more than {MOST_BYTES} bytes with its value")
    return encode(kept)


def from_text(text: str) -> dict[str, str]:
    """The labels in the database's text."""
    tree = decode(text)
    if not isinstance(tree, dict):
        raise InvalidArgument(f"{text[:64]!r} are no labels")
    return tree


def changed(
    labels: Mapping[str, str], changes: Mapping[str, str], *, replace: bool = False
) -> dict[str, str]:
    """Labels after some were set; one that was set to an empty value is gone. replace: the others too, but notes."""
    kept = {name: value for name, value in labels.items() if not replace or name in NOTES}
    return {name: value for name, value in {**kept, **changes}.items() if value}
