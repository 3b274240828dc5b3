"""What the containers of the command `tiffin` use of the store: a collection must leave that where it is.

<store>/containers/<name>/container.json    a container, with the chain id of its image
<store>/containers/.lock                    held for short by everybody who makes, looks for or removes one
"""

from __future__ import annotations

import os
from contextlib import contextmanager

from tiffin.image.collection.references import Node
from tiffin.image.errors import Unavailable
from tiffin.image.store.lock import acquire
from tiffin.spec.json_tree import JSONError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiffin.image.store.store import Store

RECORD = "container.json"


@contextmanager
def all_folders(containers: str) -> Iterator[None]:
    """Makes those wait who make, take or sweep folders: one between its making and its locking is not abandoned."""
    lock = acquire(os.path.join(containers, ".lock"))
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def names(containers: str) -> list[str]:
    """The names of all containers, half-made ones too."""
    return sorted(name for name in os.listdir(containers) if not name.startswith("."))


@contextmanager
def used_chains(store: Store) -> Iterator[Mapping[str, str]]:
    """The chain ids of images that containers use, each with the name of one; none is made or removed meanwhile.

    Raises:
        Unavailable: a container is being made, which may be about to use any image.
    """
    with all_folders(store.containers):
        found = names(store.containers)
        yield {_chain_of(os.path.join(store.containers, name), name): name for name in found}


def roots_of(store: Store, chains: Mapping[str, str]) -> Iterator[Node]:
    """The snapshots of these chain ids, as a collection wants its roots."""
    for chain in chains:
        yield Node(store.scope.namespace, f"snapshots/{store.snapshots.name}", chain)


def _chain_of(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, RECORD), "rb") as file:
            tree = decode(file.read())
    except (FileNotFoundError, NotADirectoryError, JSONError):
        tree = None
    chain = tree.get("chain_id") if isinstance(tree, dict) else None
    if not isinstance(chain, str):
        raise Unavailable(f"the container {name!r} is being made, and may need any image: try again")
    return chain
