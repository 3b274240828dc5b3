"""`LocalCache`: the results of steps in a store, found by their keys.

    <root>/build/cache.db         key to result; a database of its own, as all that is lost with it is time
    the lease `build-cache`       keeps layers and snapshots of the results from collection, as long as they are here

A result counts only if the layer is still there. Nothing here waits for the disk until the end: after a power cut the
newest results may be missing. What a build has taken stays until it ends, see `running`.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager, suppress

from tiffin.image.building.cache.database import expendable, open_database
from tiffin.image.building.cache.records import CachedStep, chain_above, from_tree, to_tree
from tiffin.image.errors import AlreadyExists, NotFound
from tiffin.image.metadata.protocol import Resource
from tiffin.runtime.record import Record
from tiffin.spec.json_tree import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tiffin.image.store.store import Store

LEASE = "build-cache"
WHAT = "the build cache"


class Entry(Record):
    """A result as it is kept. used: when it was made or taken last, in nanoseconds since 1970."""

    key: str
    result: CachedStep
    used: int


class LocalCache:
    """The cache of a store. May be used by several threads and processes.

    Raises:
        Unavailable, DataLoss, OSError: as `translated` says.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._namespace = store.scope.namespace
        folder = os.path.join(store.root, "build")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self._path = os.path.join(folder, "cache.db")
        self._lock = threading.Lock()
        with expendable(self._path):
            self._connection = open_database(self._path)

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def find(self, key: str) -> CachedStep | None:
        """The result for a key, if its layer is still there."""
        now = time.time_ns()  # first of all: what was used just now is not forgotten
        self._one("UPDATE steps SET used = ? WHERE namespace = ? AND key = ?", now, self._namespace, key)
        row = self._one("SELECT result FROM steps WHERE namespace = ? AND key = ?", self._namespace, key)
        if row is None:
            return None
        found = from_tree(decode(row[0]), WHAT)
        if found.layer is not None:
            try:
                self._store.content.info(found.layer.descriptor.digest)
            except NotFound:
                return None
        return found

    def add(self, results: Mapping[str, CachedStep]) -> None:
        """Adds results by their keys; their layers and snapshots are kept from now on."""
        resources = self._resources(results.values())
        now = time.time_ns()
        rows = [(self._namespace, key, encode(to_tree(result)), now) for key, result in results.items()]
        with self._writing() as connection:  # nobody forgets anything meanwhile
            if resources:
                with suppress(AlreadyExists):
                    self._store.leases.create(LEASE)
                self._store.leases.add(LEASE, resources)
            connection.executemany("INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?)", rows)

    def input(self, key: str) -> str | None:
        """The digest of files in a tree that never changes, if it is known. key: of the tree and the files."""
        self._one("UPDATE inputs SET used = ? WHERE key = ?", time.time_ns(), key)
        row = self._one("SELECT digest FROM inputs WHERE key = ?", key)
        return None if row is None else str(row[0])

    def add_input(self, key: str, digest: str) -> None:
        """Keeps such a digest."""
        self._one("INSERT OR REPLACE INTO inputs VALUES (?, ?, ?)", key, digest, time.time_ns())

    def moment(self, key: str, now: str) -> str:
        """When something that is fully described by `key` was first made: `now`, if it was not yet."""
        used = time.time_ns()
        query = "INSERT INTO moments VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET used = excluded.used"
        self._one(query, key, now, used)
        row = self._one("SELECT created FROM moments WHERE key = ?", key)
        return now if row is None else str(row[0])

    def entries(self) -> list[Entry]:
        """All results, those that were used last first."""
        query = "SELECT key, result, used FROM steps WHERE namespace = ? ORDER BY used DESC, key"
        with self._lock, expendable(self._path):
            rows = self._connection.execute(query, (self._namespace,)).fetchall()
        return [Entry(key, from_tree(decode(result), WHAT), used) for key, result, used in rows]

    def forget(self, entries: Sequence[Entry], before: int, *, replaced: bool) -> int:
        """Forgets results, unless they were used meanwhile; how many. What is kept for no other goes to the collection.

        Args:
            before: other notes that were used last before it go too: nanoseconds since 1970.
            replaced: so does what belongs to results that others have replaced. No build may run that has taken one.
        """
        query = "DELETE FROM steps WHERE namespace = ? AND key = ? AND used = ?"
        rows = [(self._namespace, entry.key, entry.used) for entry in entries]
        with self._writing() as connection:
            forgotten = connection.executemany(query, rows).rowcount if rows else 0
            for table in ("inputs", "moments"):
                connection.execute(f"DELETE FROM {table} WHERE used < ?", (before,))
            self._release(connection, None if replaced else [entry.result for entry in entries])
        return forgotten

    def _release(self, connection: sqlite3.Connection, results: list[CachedStep] | None) -> None:
        """Takes from the lease what these had, None for all that is in it; but not what results of now have."""
        query = "SELECT result FROM steps WHERE namespace = ?"
        rows = connection.execute(query, (self._namespace,))
        wanted = self._resources(from_tree(decode(row[0]), WHAT) for row in rows)
        with suppress(NotFound):  # nothing was ever kept
            held = self._store.leases.resources(LEASE) if results is None else self._resources(results)
            self._store.leases.remove(LEASE, set(held) - wanted)
            if results is None and not wanted:
                self._store.leases.delete(LEASE)

    def _resources(self, results: Iterable[CachedStep]) -> set[Resource]:
        """What is kept for these: of each its layer, and its snapshot."""
        found = set()
        for result in results:
            if result.layer is not None:
                found.add(Resource("content", result.layer.descriptor.digest))
                found.add(Resource(f"snapshots/{self._store.snapshots.name}", chain_above(result)))
        return found

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that excludes every other writer."""
        with self._lock, expendable(self._path), self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            yield self._connection

    def _one(self, statement: str, *values: object) -> tuple[str, ...] | None:
        with self._lock, expendable(self._path):
            row: tuple[str, ...] | None = self._connection.execute(statement, values).fetchone()
            return row
