"""`UnpackedImage`: the snapshot of an image's topmost layer, which is known by the chain id of all of them."""

from __future__ import annotations

from tiffin.image.digest import digest_of
from tiffin.image.errors import NotFound
from tiffin.runtime.record import Record
from tiffin.spec.image import chain
from tiffin.spec.json_tree import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tiffin.image.store.store import Store

LEFT_OUT = "dev.tiffin/left-out"


class UnpackedImage(Record):
    """chain_id: the snapshot's key. trees: the folders that make up its root, the topmost first, never written to.

    left_out: what this user cannot have of it, counted by what it is.
    """

    chain_id: str
    trees: tuple[str, ...]
    left_out: dict[str, int]


def chain_ids(diff_ids: Sequence[str]) -> tuple[str, ...]:
    """The keys of snapshots: the chain id of each layer."""
    if not diff_ids:
        return (digest_of(b""),)  # no layers at all: one empty snapshot, the digest of nothing
    return tuple(chain.chain_ids(diff_ids, digest_of))


def find_unpacked(store: Store, diff_ids: Sequence[str]) -> UnpackedImage | None:
    """The unpacked image with these layers, if there is one."""
    return find_chain(store, chain_ids(diff_ids)[-1])


def find_chain(store: Store, chain_id: str) -> UnpackedImage | None:
    """The unpacked image with this chain id, if there is one, and nothing of it is known to be damaged."""
    try:
        found = store.snapshots.chain(chain_id)
    except NotFound:
        return None
    used = found if store.snapshots.stacks else found[:1]
    if any(tree.damaged for tree in used):
        return None
    trees = tuple(tree.folder for tree in used)
    return UnpackedImage(chain_id, trees, left_out_of(found[0].labels))


def left_out_of(labels: Mapping[str, str]) -> dict[str, int]:
    """What was left out of a snapshot and of those below it, by its labels."""
    found = decode(labels.get(LEFT_OUT, "{}"))
    return found if isinstance(found, dict) else {}
