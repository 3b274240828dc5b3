"""`StoredContainers`: `Containers` from the store's database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.manager.tasks.request import Container

if TYPE_CHECKING:
    from tiffin.manager.metadata.stores import Stores


class StoredContainers:
    """As the protocol says. stores: where they are."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    def get(self, namespace: str, identifier: str) -> Container:
        """As the protocol says."""
        found = self._stores.containers(namespace).get(identifier)
        return Container(
            id=found.id,
            spec=found.spec if found.HasField("spec") else None,
            runtime=found.runtime.name,
            options=found.runtime.options if found.runtime.HasField("options") else None,
            snapshotter=found.snapshotter,
            snapshot=found.snapshot_key,
            sandbox=found.sandbox,
        )
