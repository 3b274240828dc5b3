"""`ProxiedSnapshotter`: trees by another process; names, labels, parents and leases in our database.

As containerd's metadata store does it. The other process knows each snapshot by a name that no namespace can choose
(`<namespace>/<random>/<key>`), which stands in the column `fingerprint` of its row. It sees labels that begin with
`containerd.io/snapshot`, and no other. What it has without a row is removed by `cleanup`: a kill leaves only that.

A remote snapshotter may have the snapshot already that is to be unpacked (the label `containerd.io/snapshot.ref`): then
it refuses to prepare a new one, and we learn of that one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from tiffin.image.errors import AlreadyExists, FailedPrecondition, ImageFailure, NotFound
from tiffin.image.metadata.labels import changed, to_text
from tiffin.image.metadata.leases import protect, release
from tiffin.image.metadata.namespaces import check_identifier, note_use
from tiffin.image.metadata.protocol import Resource
from tiffin.image.snapshots import records
from tiffin.image.snapshots.protocol import Kind, Mount, SnapshotInfo, Usage

if TYPE_CHECKING:
    import sqlite3

    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.manager.plugins.proxies.remote_snapshotter import RemoteSnapshotter

LOG = logging.getLogger("tiffin.manager.plugins")
PASSED_ON = ("containerd.io/snapshot/", "containerd.io/snapshot.ref")
TARGET = "containerd.io/snapshot.ref"
NO_USAGE = Usage(0, 0)


class Making:
    """Names that are being made in the other process, and have no row yet. Shared by all scopes of a snapshotter."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    @contextmanager
    def one(self, *names: str) -> Iterator[None]:
        """Until its row is there, or it is given up."""
        self.names.update(names)
        try:
            yield
        finally:
            self.names.difference_update(names)


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
        check_identifier(scope.namespace)
        self._owner = records.Owner(scope.namespace, name)
        self._remote = remote
        self._database = database
        self._scope = scope
        self._making = making

    def prepare(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """As the protocol says. Raises AlreadyExists, too: the other process has what is to be unpacked."""
        return self._create(Kind.ACTIVE, key, parent, labels or {})

    def view(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """As the protocol says."""
        return self._create(Kind.VIEW, key, parent, labels or {})

    def _create(self, kind: Kind, key: str, parent: str, labels: Mapping[str, str]) -> tuple[Mount, ...]:
        with self._database.reading() as connection:
            records.require_free(connection, self._owner, key)
            below = self._parent(connection, parent)
        name, target = self._new_name(key), labels.get(TARGET, "")
        make = self._remote.prepare if kind is Kind.ACTIVE else self._remote.view
        with self._making.one(name, target), ExitStack() as undo:
            try:
                mounts = make(name, below, labels=_passed_on(labels))
            except AlreadyExists:
                if target:
                    self._learn(target, parent, below, labels)
                raise
            undo.callback(self._discard_later, name)
            info = SnapshotInfo(key, parent, kind, 0, 0, labels)
            with self._database.writing() as connection:
                self._insert(connection, info, name, below)
            undo.pop_all()
        return mounts

    def _learn(self, target: str, parent: str, below: str, labels: Mapping[str, str]) -> None:
        """Notes a snapshot that the other process has. Raises AlreadyExists, NotFound: it does not know it either."""
        wanted = f'labels."{TARGET}"=={target}'
        name = next((info.key for info in self._remote.matching(wanted) if info.parent == below), "")
        if not name:
            raise NotFound(
                f"the snapshotter {self._owner.snapshotter} has {target!r}, and does not tell where"
            )
        with self._database.writing() as connection:
            info = SnapshotInfo(target, parent, Kind.COMMITTED, 0, 0, labels)
            with suppress(AlreadyExists):  # somebody else has learned of it
                self._insert(connection, info, name, below)
        raise AlreadyExists(f"target snapshot {target!r}")

    def _insert(self, connection: sqlite3.Connection, info: SnapshotInfo, name: str, below: str) -> None:
        if self._parent(connection, info.parent) != below:
            raise NotFound(f"the snapshot {info.parent!r} was replaced meanwhile")
        chain = records.parents(connection, self._owner, info.parent)
        now = self._database.now()
        note_use(connection, self._owner.namespace)
        self._protect(connection, info.key)
        made = info.replace(created=now, updated=now)
        number = records.insert(connection, self._owner, made, chain[0] if chain else None)
        connection.execute("UPDATE snapshots SET fingerprint = ? WHERE id = ?", (name, number))

    def _parent(self, connection: sqlite3.Connection, parent: str) -> str:
        """The parent's name in the other process. Raises as `prepare`."""
        records.parents(connection, self._owner, parent)
        return records.get(connection, self._owner, parent).fingerprint if parent else ""

    def _new_name(self, key: str) -> str:
        return f"{self._owner.namespace}/{os.urandom(8).hex()}/{key}"

    def _protect(self, connection: sqlite3.Connection, key: str) -> None:
        protect(connection, self._scope, Resource(f"snapshots/{self._owner.snapshotter}", key))

    def commit(self, name: str, key: str, *, labels: Mapping[str, str] | None = None) -> None:
        """As the protocol says. All that may be refused is before the other process's commit, which nothing undoes."""
        theirs, given = self._new_name(name), labels or {}
        to_text(given)
        with self._database.writing() as connection:
            row = self._get(connection, key)
            records.require_free(connection, self._owner, name)
            if row.info.kind is not Kind.ACTIVE:
                raise FailedPrecondition(
                    f"the snapshot {key!r} is {row.info.kind.value}: only an active one can be"
                )
            self._protect(connection, name)
        usage = self._remote.usage(row.fingerprint)
        with self._making.one(theirs):
            self._remote.commit(theirs, row.fingerprint, labels=_passed_on(given))
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
            self._discard_later(row.fingerprint)

    def _discard(self, name: str) -> None:
        """Raises Unavailable."""
        with suppress(NotFound, FailedPrecondition):
            self._remote.remove(name)

    def _discard_later(self, name: str) -> None:
        """Now, or what cannot be removed now goes with the next `cleanup`."""
        try:
            self._discard(name)
        except ImageFailure as error:
            LOG.warning("a snapshot stays for now", extra={"fields": {"name": name, "error": error}})

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
        if passed_on := _passed_on({**gone, **labels}):
            self._remote.update(row.fingerprint, passed_on)
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
        making = set(self._making.names)  # before the rows: what leaves it has one by then
        with self._database.reading() as connection:
            known = {row.fingerprint for row in records.everywhere(connection, self._owner.snapshotter)}
        for info in reversed(theirs):  # children first
            if info.key not in known and info.key not in making:
                self._discard(info.key)
        self._remote.cleanup()

    def _get(self, connection: sqlite3.Connection, key: str) -> records.Row:
        return records.get(connection, self._owner, key)


def _passed_on(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name.startswith(PASSED_ON)}
