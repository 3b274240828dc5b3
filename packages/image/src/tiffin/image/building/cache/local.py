"""`LocalCache`: the results of steps in a store, found by their keys.

    <root>/build/cache.db         key to result; a database of its own, as all that is lost with it is time
    the lease `build-cache`       keeps layers and snapshots of the results from collection, as long as they are here

A result counts only if the layer is still there. Nothing here waits for the disk: after a power cut the newest results
may be missing.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import suppress

from tiffin.image.building.cache.records import CachedStep, from_tree, to_tree
from tiffin.image.errors import AlreadyExists, NotFound
from tiffin.image.metadata.failures import translated
from tiffin.image.metadata.protocol import Resource
from tiffin.spec.json_tree import decode, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.store.store import Store

LEASE = "build-cache"
TABLES = """
CREATE TABLE IF NOT EXISTS steps (namespace TEXT, key TEXT, result TEXT NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inputs (key TEXT PRIMARY KEY, digest TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS moments (key TEXT PRIMARY KEY, created TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


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
        with translated(self._path):
            self._connection = sqlite3.connect(
                self._path, timeout=60, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=OFF")
            self._connection.executescript(TABLES)

    def close(self) -> None:
        """Closes the database."""
        self._connection.close()

    def find(self, key: str) -> CachedStep | None:
        """The result for a key, if its layer is still there."""
        row = self._one("SELECT result FROM steps WHERE namespace = ? AND key = ?", (self._namespace, key))
        if row is None:
            return None
        found = from_tree(decode(row[0]), "the build cache")
        if found.layer is not None:
            try:
                self._store.content.info(found.layer.descriptor.digest)
            except NotFound:
                return None
        values = (time.time_ns(), self._namespace, key)
        self._one("UPDATE steps SET used = ? WHERE namespace = ? AND key = ?", values)
        return found

    def add(self, results: dict[str, CachedStep], chains: list[str]) -> None:
        """Adds results by their keys. chains: the snapshots that they have, which are kept from now on."""
        resources = [
            Resource("content", result.layer.descriptor.digest)
            for result in results.values()
            if result.layer is not None
        ]
        resources += [Resource(f"snapshots/{self._store.snapshots.name}", chain) for chain in chains]
        if resources:
            with suppress(AlreadyExists):
                self._store.leases.create(LEASE)
            self._store.leases.add(LEASE, resources)
        for key, result in results.items():
            values = (self._namespace, key, encode(to_tree(result)), time.time_ns())
            self._one("INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?)", values)

    def input(self, key: str) -> str | None:
        """The digest of files in a tree that never changes, if it is known. key: of the tree and the files."""
        row = self._one("SELECT digest FROM inputs WHERE key = ?", (key,))
        return None if row is None else str(row[0])

    def add_input(self, key: str, digest: str) -> None:
        """Keeps such a digest."""
        self._one("INSERT OR REPLACE INTO inputs VALUES (?, ?)", (key, digest))

    def moment(self, key: str, now: str) -> str:
        """When something that is fully described by `key` was first made: `now`, if it was not yet."""
        self._one("INSERT OR IGNORE INTO moments VALUES (?, ?)", (key, now))
        row = self._one("SELECT created FROM moments WHERE key = ?", (key,))
        return now if row is None else str(row[0])

    def prune(self) -> int:
        """Forgets everything; the next collection removes what nothing else keeps. Returns how many results."""
        row = self._one("SELECT count(*) FROM steps WHERE namespace = ?", (self._namespace,))
        self._one("DELETE FROM steps WHERE namespace = ?", (self._namespace,))
        with suppress(NotFound):
            self._store.leases.delete(LEASE)
        return 0 if row is None else int(row[0])

    def _one(self, statement: str, values: tuple[object, ...]) -> tuple[str, ...] | None:
        with self._lock, translated(self._path):
            row: tuple[str, ...] | None = self._connection.execute(statement, values).fetchone()
            return row
