"""`ProxiedSnapshotter`: trees by another process; names, labels, parents and leases in our database.

As containerd's metadata store does it. The other process knows each snapshot by a name that no namespace can choose
(`<namespace>/<random>/<key>`), which stands in the column `fingerprint` of its row. It sees labels that begin with
`containerd.io/snapshot`, and no other. What it has without a row is removed by `cleanup`: a kill leaves only that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tiffin.image.errors import FailedPrecondition
from tiffin.image.metadata.labels import changed, to_text
from tiffin.image.metadata.leases import release
from tiffin.image.metadata.protocol import Resource
from tiffin.image.snapshots import records
from tiffin.image.snapshots.protocol import Kind, Mount, SnapshotInfo, Usage
from tiffin.manager.plugins.proxies.creating import Creating, passed_on

if TYPE_CHECKING:
    import sqlite3

    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.manager.plugins.proxies.creating import Making
    from tiffin.manager.plugins.proxies.remote_snapshotter import RemoteSnapshotter

NO_USAGE = Usage(0, 0)


class ProxiedSnapshotter:
    """`Snapshotter` as the protocol says, in one scope.

    Args:
        name: of the snapshotter here.
        remote: the other process's.
        database: ours.
        scope: whose snapshots are seen, and the lease that protects new ones.
        making: shared by all scopes.
    """

    def __init__(
        self, name: str, remote: RemoteSnapshotter, database: Database, scope: Scope, making: Making
    ) -> None:
        self._creating = Creating(name, remote, database, scope, making)
        self._owner = self._creating.owner
        self._remote = remote
        self._database = database
        self._scope = scope

    def prepare(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """As the protocol says. Raises AlreadyExists, too: the other process has what is to be unpacked."""
        return self._creating.create(Kind.ACTIVE, key, parent, labels or {})

    def view(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """As the protocol says."""
        return self._creating.create(Kind.VIEW, key, parent, labels or {})

    def commit(self, name: str, key: str, *, labels: Mapping[str, str] | None = None) -> None:
        """As the protocol says. All that may be refused is before the other process's commit, which nothing undoes."""
        theirs, given = self._creating.new_name(name), labels or {}
        to_text(given)
        with self._database.writing() as connection:
            row = self._get(connection, key)
            records.require_free(connection, self._owner, name)
            if row.info.kind is not Kind.ACTIVE:
                raise FailedPrecondition(
                    f"the snapshot {key!r} is {row.info.kind.value}: only an active one can be"
                )
            self._creating.protect(connection, name)
        usage = self._remote.usage(row.fingerprint)
        with self._creating.making.one(theirs):
            self._remote.commit(theirs, row.fingerprint, labels=passed_on(given))
            after = records.Row(row.id, row.info.replace(labels=given), usage, theirs)
            with self._database.writing() as connection:
                release(connection, self._scope, Resource(f"snapshots/{self._owner.snapshotter}", key))
                records.commit(connection, row.id, name, self._database.now(), after)

    def mounts(self, key: str) -> tuple[Mount, ...]:
        """As the protocol says."""
        with self._database.reading() as connection:
            row = self._get(connection, key)
        if row.info.kind is Kind.COMMITTED:
            raise FailedPrecondition(f"the snapshot {key!r} is committed: make a view of it to mount it")
        return self._remote.mounts(row.fingerprint)

    def remove(self, key: str) -> None:
        """As the protocol says; the other process need not answer: for clients the snapshot is gone all the same."""
        with self._database.writing() as connection:
            row = self._get(connection, key)
            if records.has_children(connection, row.id):
                raise FailedPrecondition(f"the snapshot {key!r} has children")
            records.delete(connection, row.id)
            query = "SELECT 1 FROM snapshots WHERE snapshotter = ? AND fingerprint = ?"
            known = connection.execute(query, (self._owner.snapshotter, row.fingerprint)).fetchone()
        if known is None:
            self._creating.discard_later(row.fingerprint)

    def stat(self, key: str) -> SnapshotInfo:
        """As the protocol says."""
        with self._database.reading() as connection:
            return self._get(connection, key).info

    def update(self, key: str, labels: Mapping[str, str], *, replace: bool = False) -> SnapshotInfo:
        """As the protocol says. The other process comes first: if it refuses, nothing has changed here either."""
        with self._database.reading() as connection:
            row = self._get(connection, key)
        to_text(labels)
        gone = dict.fromkeys(row.info.labels if replace else (), "")
        if theirs := passed_on({**gone, **labels}):
            self._remote.update(row.fingerprint, theirs)
        with self._database.writing() as connection:
            row = self._get(connection, key)
            after = changed(row.info.labels, labels, replace=replace)
            records.set_labels(connection, row.id, after, self._database.now())
            return self._get(connection, key).info

    def usage(self, key: str) -> Usage:
        """As the protocol says; a view has none of its own."""
        with self._database.reading() as connection:
            row = self._get(connection, key)
        return NO_USAGE if row.info.kind is Kind.VIEW else self._remote.usage(row.fingerprint)

    def walk(self) -> Iterator[SnapshotInfo]:
        """As the protocol says."""
        with self._database.reading() as connection:
            rows = list(records.walk(connection, self._owner))
        yield from (row.info for row in rows)

    def cleanup(self) -> None:
        """As the protocol says: what the other process has, and no row of any namespace. Raises Unavailable."""
        theirs = list(self._remote.walk())
        making = set(self._creating.making.names)  # before the rows: what leaves it has one by then
        with self._database.reading() as connection:
            known = {row.fingerprint for row in records.everywhere(connection, self._owner.snapshotter)}
        for info in reversed(theirs):  # children first
            if info.key not in known and info.key not in making:
                self._creating.discard(info.key)
        self._remote.cleanup()

    def _get(self, connection: sqlite3.Connection, key: str) -> records.Row:
        return records.get(connection, self._owner, key)
