"""`CachedStep`: what came of a step, as caches have it."""

from __future__ import annotations

from tiffin.image.documents import Descriptor, descriptor_of
from tiffin.image.metadata.images import descriptor_tree
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import decode, encode


class BuiltLayer(Record):
    """A layer. diff_id: of its uncompressed archive."""

    diff_id: str
    descriptor: Descriptor


class CachedStep(Record):
    """The result of a step.

    parent: the chain id of what it stands on, "" for nothing. layer: None if the step changed no files.
    created: when, as in RFC 3339.
    """

    parent: str
    layer: BuiltLayer | None
    created: str


def to_text(step: CachedStep) -> str:
    """As JSON."""
    tree: dict[str, object] = {"parent": step.parent, "created": step.created}
    if step.layer is not None:
        tree |= {"diffId": step.layer.diff_id, "layer": descriptor_tree(step.layer.descriptor)}
    return encode(tree)


def from_text(text: str) -> CachedStep:
    """The reverse of `to_text`. Raises InvalidImage for a broken descriptor."""
    tree = decode(text)
    if not isinstance(tree, dict):
        raise AssertionError("a record of the cache is an object")
    layer = None
    if "layer" in tree:
        layer = BuiltLayer(tree["diffId"], descriptor_of(tree["layer"], "a layer in the cache"))
    return CachedStep(tree["parent"], layer, tree["created"])
