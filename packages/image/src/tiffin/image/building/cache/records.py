"""`CachedStep`: what came of a step, as caches have it."""

from __future__ import annotations

from tiffin.image.digest import digest_of, split_digest
from tiffin.image.documents import Descriptor, descriptor_of
from tiffin.image.errors import InvalidImage
from tiffin.image.metadata.images import descriptor_tree
from tiffin.runtime.record import Record
from tiffin.spec.image.chain import chain_ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


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


def chain_above(step: CachedStep) -> str:
    """The chain id of what there is after the step."""
    if step.layer is None:
        return step.parent
    below = [step.parent] if step.parent else []
    return chain_ids([*below, step.layer.diff_id], digest_of)[-1]


def to_tree(step: CachedStep) -> dict[str, Any]:
    """As JSON has it."""
    tree: dict[str, Any] = {"parent": step.parent, "created": step.created}
    if step.layer is not None:
        tree |= {"diffId": step.layer.diff_id, "layer": descriptor_tree(step.layer.descriptor)}
    return tree


def from_tree(tree: object, what: str) -> CachedStep:
    """The reverse of `to_tree`. Raises InvalidImage: it is none."""
    if not isinstance(tree, dict) or not all(
        isinstance(tree.get(name), str) for name in ("parent", "created")
    ):
        raise InvalidImage(f"{what} has a result that cannot be read")
    layer = None
    if "layer" in tree:
        split_digest(str(tree.get("diffId")), what)
        layer = BuiltLayer(tree["diffId"], descriptor_of(tree["layer"], what))
    return CachedStep(tree["parent"], layer, tree["created"])
