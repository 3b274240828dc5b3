"""`collect_garbage`: a collection of the daemon: of all namespaces; the command's containers keep their images."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tiffin.image.errors import ImageFailure
from tiffin.image.metadata.namespaces import Scope
from tiffin.image.store.containers import roots_of, used_chains
from tiffin.manager.collection.mounts import collect_mounts

if TYPE_CHECKING:
    from collections.abc import Collection

    from tiffin.image.collection.collect import Collected
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.mounts.manager import Mounts

LOG = logging.getLogger("tiffin.manager.collection")


def collect_garbage(
    stores: Stores, proxied: Collection[str] = (), mounts: Collection[Mounts] = ()
) -> Collected:
    """Removes what no name, lease, container or sandbox keeps, nor a container of the command `tiffin`.

    Args:
        stores: what is collected.
        proxied: snapshotters of other processes: what they have and nobody knows goes too. One that does not answer
            hinders nothing.
        mounts: those of the mount service, which go with what keeps them.

    Raises:
        Unavailable: a container is being made by the command; or somebody else keeps on writing.
        OSError: as the disk says.
    """
    with used_chains(stores.store) as chains:
        found = stores.collect(roots_of(stores.store, chains))
    removed = {kind.partition("/")[2] for _, kind, _ in found.removed}
    for name in removed.intersection(proxied):
        _clean_up(stores, name)
    for each in mounts:
        collect_mounts(each, stores.database)
    return found


def _clean_up(stores: Stores, name: str) -> None:
    try:
        stores.snapshotters[name](Scope()).cleanup()
    except ImageFailure as error:
        LOG.warning("snapshots were not removed", extra={"fields": {"snapshotter": name, "error": error}})
