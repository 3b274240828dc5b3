"""`prune_builds`: forgets what builds remember: all of it, what was not used for long, or what there is no room for.

Results of steps and cache folders count alike: each has a size, and a time when it was used last.
"""

from __future__ import annotations

import time

from tiffin.image.building.cache.local import LocalCache
from tiffin.image.building.cache.records import chain_above
from tiffin.image.building.cache.running import begin_of_oldest
from tiffin.image.building.execute.cache_folders import CacheFolder, CacheFolders
from tiffin.image.errors import NotFound
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.cache.local import Entry
    from tiffin.image.store.store import Store

SECOND = 1_000_000_000


class Limits(Record):
    """What stays; with both, what either forbids goes.

    unused_for: what was used in the last so many seconds. None: of any age.
    most_bytes: what was used last, as far as it takes no more than this; layers and snapshots count, also those that
    an image has, too. None: any size.
    """

    unused_for: float | None = None
    most_bytes: int | None = None


class PrunedBuilds(Record):
    """How many results were forgotten, and cache folders emptied. freed: bytes of the folders."""

    results: int
    folders: int
    freed: int


def prune_builds(store: Store, limits: Limits | None = None) -> PrunedBuilds:
    """Forgets results of builds, and empties the folders of `RUN --mount=type=cache`.

    What a build has taken that still runs stays. What no image or container has then goes with the next collection.

    Args:
        limits: None forgets everything.

    Raises:
        Unavailable, DataLoss, OSError: as the disk says.
    """
    before = _before(limits)
    cache, folders = LocalCache(store), CacheFolders.of(store)
    try:
        found: list[Entry | CacheFolder] = [*cache.entries(), *folders.walk()]
        busy = begin_of_oldest(store.root)  # only now: who begins later uses a result after it was looked at
        if limits is not None:
            found = _surplus(store, sorted(found, key=_used, reverse=True), before, limits.most_bytes)
        old = [one for one in found if not isinstance(one, CacheFolder) and (busy is None or one.used < busy)]
        results = cache.forget(old, before, replaced=busy is None)
    finally:
        cache.close()
    emptied = [one for one in found if isinstance(one, CacheFolder) and folders.empty(one)]
    return PrunedBuilds(results, len(emptied), sum(folder.size for folder in emptied))


def _before(limits: Limits | None) -> int:
    """What was used last before this goes, in nanoseconds since 1970."""
    now = time.time_ns()
    if limits is None:
        return now
    return 0 if limits.unused_for is None else now - int(limits.unused_for * SECOND)


def _used(one: Entry | CacheFolder) -> int:
    return one.used


def _surplus(
    store: Store, found: list[Entry | CacheFolder], before: int, most: int | None
) -> list[Entry | CacheFolder]:
    """What goes. found: what was used last comes first."""
    sizes = _Sizes(store)
    for number, one in enumerate(found):
        if most is not None:
            most -= sizes.added_by(one)
        if one.used < before or (most is not None and most < 0):
            return found[number:]
    return []


class _Sizes:
    """Counts everything once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: set[str] = set()

    def added_by(self, one: Entry | CacheFolder) -> int:
        """What it takes that was not counted yet, in bytes."""
        if isinstance(one, CacheFolder):
            return one.size
        layer, chain = one.result.layer, chain_above(one.result)
        if layer is None:
            return 0
        blob = 0 if layer.descriptor.digest in self._seen else layer.descriptor.size
        tree = 0 if chain in self._seen else self._unpacked(chain)
        self._seen |= {layer.descriptor.digest, chain}
        return blob + tree

    def _unpacked(self, chain: str) -> int:
        try:
            return self._store.snapshots.usage(chain).size
        except NotFound:
            return 0
