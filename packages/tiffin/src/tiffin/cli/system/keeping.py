"""What containers keep: the snapshots that their roots lie on."""

from __future__ import annotations

import os

from tiffin.cli.containers.folder import names
from tiffin.cli.containers.record import read_record
from tiffin.cli.failure import CommandFailed
from tiffin.image.collection.references import Node

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.store.store import Store


def used_by_containers(store: Store) -> dict[str, str]:
    """The chain ids of images that containers use, and one container of each. The caller has locked all folders.

    Raises:
        CommandFailed: a container has no record yet, so that it may be about to use any.
    """
    used = {}
    for name in names(store.containers):
        record = read_record(os.path.join(store.containers, name))
        if record is None:
            raise CommandFailed(f"container {name!r} is being made, and may need it: try again")
        used[record.chain_id] = name
    return used


def roots_of(store: Store, chain_ids: dict[str, str]) -> list[Node]:
    """The same as roots of a collection."""
    kind = f"snapshots/{store.snapshots.name}"
    return [Node(store.scope.namespace, kind, chain_id) for chain_id in chain_ids]
