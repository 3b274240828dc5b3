"""`Claims`: the layers that this unpacking makes. Each is made by one process, though several may want it at once.

locks/<chain id>           held by who makes the layer, until it is committed or given up
locks/<chain id>.wanted    held by who waits for that: it is then committed as soon as all below it is

Nobody waits for a layer while it holds one below it, so they never wait in a circle.
"""

from __future__ import annotations

from tiffin.image.store.lock import acquire, is_held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.image.store.lock import Lock
    from tiffin.image.store.store import Store

WANTED = ".wanted"


class Claims:
    """Args: store: the layers'. `release` or the end of the process gives claims up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[str, Lock] = {}

    def take(self, chain_id: str) -> bool:
        """Claims a layer; whether nobody else has it. Raises OSError."""
        lock = acquire(self._store.lock_file(chain_id), wait=False)
        if lock is None:
            return False
        self.release([chain_id])  # it is not waited for any more
        self._held[chain_id] = lock
        return True

    def has(self, chain_id: str) -> bool:
        """Whether the layer is claimed here."""
        return chain_id in self._held

    def want(self, chain_id: str) -> None:
        """Lets whoever has a layer know that it is waited for, until `release`."""
        self.take(chain_id + WANTED)  # another one may have said so, and may stop: it is to be said again

    def are_wanted(self, chain_ids: Iterable[str]) -> bool:
        """Whether somebody else waits for one of these."""
        return any(is_held(self._store.lock_file(chain_id + WANTED)) for chain_id in chain_ids)

    def release(self, chain_ids: Iterable[str]) -> None:
        """Gives up what is held of these."""
        for chain_id in chain_ids:
            for name in (chain_id, chain_id + WANTED):
                lock = self._held.pop(name, None)
                if lock is not None:
                    lock.release(remove=True)

    def release_all(self) -> None:
        """Gives up everything."""
        self.release(tuple(self._held))
