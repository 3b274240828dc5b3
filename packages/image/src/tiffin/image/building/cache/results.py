"""`Results`: what a build takes from caches and adds to the store's own; it remembers all of it, to be exported."""

from __future__ import annotations

import threading

from tiffin.image.building.cache.document import CacheDocument
from tiffin.image.building.cache.records import chain_above
from tiffin.image.errors import NotFound
from tiffin.spec.image.chain import chain_ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tiffin.image.building.cache.exchange import ImportedCache
    from tiffin.image.building.cache.local import LocalCache
    from tiffin.image.building.cache.records import BuiltLayer, CachedStep
    from tiffin.image.store.store import Store


class Results:
    """Used by all stages. Args: store: leased. imported: those of `--cache-from`, in their order."""

    def __init__(self, store: Store, local: LocalCache, imported: Sequence[ImportedCache]) -> None:
        self._store = store
        self._local = local
        self._imported = imported
        self._lock = threading.Lock()
        self._steps: dict[str, CachedStep] = {}
        self._taken: dict[str, CachedStep] = {}  # from elsewhere
        self._inputs: dict[str, str] = {}
        self._moments: dict[str, str] = {}

    def find(self, key: str, parent: str | None) -> CachedStep | None:
        """The result for a key. Its layer need not be here yet, see `bring`.

        Args:
            parent: the chain id that it must stand on; None: any. One command may have had several results.
        """
        found = self._local.find(key)
        if not _fits(found, parent):
            found = next((step for one in self._imported if _fits(step := one.find(key), parent)), None)
            if found is not None:
                self._taken[key] = found
        if found is not None:
            self._steps[key] = found
        return found

    def add(self, results: dict[str, CachedStep]) -> None:
        """Adds results by their keys."""
        self._local.add(results)
        self._steps.update(results)

    def input(self, key: str) -> str | None:
        """The digest of files in a tree that never changes, if it is known."""
        found = self._local.input(key)
        if found is None:
            known = (one.document.inputs.get(key) for one in self._imported)
            found = next((digest for digest in known if digest is not None), None)
        if found is not None:
            self._inputs[key] = found
        return found

    def add_input(self, key: str, digest: str) -> None:
        """Keeps such a digest."""
        self._local.add_input(key, digest)
        self._inputs[key] = digest

    def moment(self, key: str, now: str) -> str:
        """When something that is fully described by `key` was first made: `now`, if it was not yet."""
        known = (one.document.moments.get(key) for one in self._imported)
        found = self._local.moment(key, next((moment for moment in known if moment is not None), now))
        self._moments[key] = found
        return found

    def bring(self, layers: Iterable[BuiltLayer]) -> None:
        """Sees to it that layers are in the store, and stay. Raises NotFound: one is nowhere. And what caches raise."""
        taken = {step.layer.descriptor.digest for step in self._taken.values() if step.layer is not None}
        for descriptor in (layer.descriptor for layer in layers):
            # those of the base, and of results of this store, are kept already
            look = self._store.content.claim if descriptor.digest in taken else self._store.content.info
            with self._lock:
                try:
                    look(descriptor.digest)
                except NotFound:
                    if not any(one.fetch(self._store, descriptor) for one in self._imported):
                        raise

    def give_up(self) -> None:
        """Ends what is being fetched. May be called from any thread."""
        for one in self._imported:
            one.give_up()

    def keep_taken(self) -> None:
        """Adds what was taken from elsewhere to the store's own cache, so that the next build need not ask there."""
        if self._taken:
            self._local.add(self._taken)

    def document(self, layers: Sequence[BuiltLayer] | None = None) -> CacheDocument:
        """All that was used or made; with `layers`, of a stage, only results that led to these."""
        steps = self._steps
        if layers is not None:
            chains = {"", *chain_ids([layer.diff_id for layer in layers])}
            steps = {key: step for key, step in steps.items() if chain_above(step) in chains}
        return CacheDocument(steps, self._inputs, self._moments)


def _fits(step: CachedStep | None, parent: str | None) -> bool:
    return step is not None and parent in (None, step.parent)
