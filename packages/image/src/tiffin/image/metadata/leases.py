"""Leases in the database."""

from __future__ import annotations

import os

from tiffin.image.errors import AlreadyExists, NotFound
from tiffin.image.metadata.labels import GC_EXPIRE, from_text, to_text
from tiffin.image.metadata.namespaces import Scope, check_identifier, note_use
from tiffin.image.metadata.protocol import Lease, Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    import sqlite3
    from collections.abc import Iterable, Mapping

    from tiffin.image.metadata.database import Database

SECOND = 1_000_000_000


def expires(labels: Mapping[str, str]) -> int | None:
    """When something ends by itself, in nanoseconds since 1970; None: never, or the time cannot be read."""
    from datetime import UTC, datetime  # only here, as below: it takes five milliseconds

    try:
        moment = datetime.fromisoformat(labels.get(GC_EXPIRE, ""))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * SECOND)


def protect(connection: sqlite3.Connection, scope: Scope, resource: Resource) -> None:
    """Adds a resource to the lease of a scope, if it has one. Raises NotFound, so that nothing is made unprotected."""
    if scope.lease:
        _require(connection, scope.namespace, scope.lease)
        values = (scope.namespace, scope.lease, *resource)
        connection.execute("INSERT OR IGNORE INTO lease_resources VALUES (?, ?, ?, ?)", values)


def release(connection: sqlite3.Connection, scope: Scope, resource: Resource) -> None:
    """Takes a resource from the lease of a scope: it is gone, or has another name now."""
    if scope.lease:
        values = (scope.namespace, scope.lease, *resource)
        query = "DELETE FROM lease_resources WHERE namespace = ? AND lease = ? AND kind = ? AND id = ?"
        connection.execute(query, values)


def _require(connection: sqlite3.Connection, namespace: str, lease: str) -> None:
    query = "SELECT 1 FROM leases WHERE namespace = ? AND id = ?"
    if not connection.execute(query, (namespace, lease)).fetchone():
        raise NotFound(f"there is no lease {lease!r} (any more)")


class LocalLeaseStore:
    """`LeaseStore` in a database."""

    def __init__(self, database: Database, namespace: str = "default") -> None:
        check_identifier(namespace)
        self._database = database
        self._namespace = namespace

    def create(
        self, lease: str = "", *, seconds: float | None = None, labels: Mapping[str, str] | None = None
    ) -> Lease:
        """As the protocol says."""
        now = self._database.now()
        given = dict(labels or {})
        if seconds is not None:
            from datetime import UTC, datetime

            end = datetime.fromtimestamp(now / SECOND + seconds, UTC)
            given[GC_EXPIRE] = end.isoformat().replace("+00:00", "Z")
        made = Lease(lease or f"{now // SECOND}-{os.urandom(6).hex()}", now, given)
        with self._database.writing() as connection:
            note_use(connection, self._namespace)
            values = (self._namespace, made.id, now, to_text(given))
            if not connection.execute("INSERT OR IGNORE INTO leases VALUES (?, ?, ?, ?)", values).rowcount:
                raise AlreadyExists(f"there is a lease {lease!r} already")
        return made

    def list(self) -> builtins.list[Lease]:
        """As the protocol says."""
        with self._database.reading() as connection:
            query = "SELECT id, created, labels FROM leases WHERE namespace = ? ORDER BY id"
            rows = connection.execute(query, (self._namespace,))
            return [Lease(name, created, from_text(labels)) for name, created, labels in rows]

    def delete(self, lease: str) -> None:
        """As the protocol says."""
        with self._database.writing() as connection:
            _require(connection, self._namespace, lease)
            connection.execute("DELETE FROM leases WHERE namespace = ? AND id = ?", (self._namespace, lease))

    def add(self, lease: str, resources: Iterable[Resource]) -> None:
        """As the protocol says."""
        with self._database.writing() as connection:
            _require(connection, self._namespace, lease)
            for resource in resources:
                protect(connection, Scope(self._namespace, lease), resource)

    def remove(self, lease: str, resources: Iterable[Resource]) -> None:
        """As the protocol says."""
        query = "DELETE FROM lease_resources WHERE namespace = ? AND lease = ? AND kind = ? AND id = ?"
        with self._database.writing() as connection:
            _require(connection, self._namespace, lease)
            connection.executemany(query, [(self._namespace, lease, *resource) for resource in resources])

    def resources(self, lease: str) -> builtins.list[Resource]:
        """As the protocol says."""
        query = "SELECT kind, id FROM lease_resources WHERE namespace = ? AND lease = ? ORDER BY kind, id"
        with self._database.reading() as connection:
            _require(connection, self._namespace, lease)
            return [Resource(*row) for row in connection.execute(query, (self._namespace, lease))]
