"""`collect_garbage`: a collection of the daemon: of all namespaces; the command's containers keep their images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.image.store.containers import roots_of, used_chains

if TYPE_CHECKING:
    from tiffin.image.collection.collect import Collected
    from tiffin.manager.metadata.stores import Stores


def collect_garbage(stores: Stores) -> Collected:
    """Removes what no name, lease, container or sandbox keeps, nor a container of the command `tiffin`.

    Raises:
        Unavailable: such a container is being made; or somebody else keeps on writing. OSError: as the disk says.
    """
    with used_chains(stores.store) as chains:
        return stores.collect(roots_of(stores.store, chains))
