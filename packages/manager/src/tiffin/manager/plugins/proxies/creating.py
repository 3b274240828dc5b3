"""`Creating`: new snapshots, made in the other process or learned of, and then noted in our database.

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
from tiffin.image.metadata.leases import protect
from tiffin.image.metadata.namespaces import check_identifier, note_use
from tiffin.image.metadata.protocol import Resource
from tiffin.image.snapshots import records
from tiffin.image.snapshots.protocol import Kind, Mount, SnapshotInfo

if TYPE_CHECKING:
    import sqlite3

    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.manager.plugins.proxies.remote_snapshotter import RemoteSnapshotter

LOG = logging.getLogger("tiffin.manager.plugins")
PASSED_ON = ("containerd.io/snapshot/", "containerd.io/snapshot.ref")
TARGET = "containerd.io/snapshot.ref"


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


class Creating:
    """In one scope. name: of the snapshotter here; the others as `ProxiedSnapshotter` has them."""

    def __init__(
        self, name: str, remote: RemoteSnapshotter, database: Database, scope: Scope, making: Making
    ) -> None:
        check_identifier(scope.namespace)
        self.owner = records.Owner(scope.namespace, name)
        self.making = making
        self._remote = remote
        self._database = database
        self._scope = scope

    def create(self, kind: Kind, key: str, parent: str, labels: Mapping[str, str]) -> tuple[Mount, ...]:
        """As `prepare` and `view` of the protocol. Raises AlreadyExists, too: see `ProxiedSnapshotter.prepare`."""
        with self._database.reading() as connection:
            records.require_free(connection, self.owner, key)
            below = self._parent(connection, parent)
        name, target = self.new_name(key), labels.get(TARGET, "")
        make = self._remote.prepare if kind is Kind.ACTIVE else self._remote.view
        with self.making.one(name, target), ExitStack() as undo:
            try:
                mounts = make(name, below, labels=passed_on(labels))
            except AlreadyExists:
                if target:
                    self._learn(target, parent, below, labels)
                raise
            undo.callback(self.discard_later, name)
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
                f"the snapshotter {self.owner.snapshotter} has {target!r}, and does not tell where"
            )
        with self._database.writing() as connection:
            info = SnapshotInfo(target, parent, Kind.COMMITTED, 0, 0, labels)
            with suppress(AlreadyExists):  # somebody else has learned of it
                self._insert(connection, info, name, below)
        raise AlreadyExists(f"target snapshot {target!r}")

    def _insert(self, connection: sqlite3.Connection, info: SnapshotInfo, name: str, below: str) -> None:
        if self._parent(connection, info.parent) != below:
            raise NotFound(f"the snapshot {info.parent!r} was replaced meanwhile")
        chain = records.parents(connection, self.owner, info.parent)
        now = self._database.now()
        note_use(connection, self.owner.namespace)
        self.protect(connection, info.key)
        made = info.replace(created=now, updated=now)
        number = records.insert(connection, self.owner, made, chain[0] if chain else None)
        connection.execute("UPDATE snapshots SET fingerprint = ? WHERE id = ?", (name, number))

    def _parent(self, connection: sqlite3.Connection, parent: str) -> str:
        """The parent's name in the other process. Raises as `prepare`."""
        records.parents(connection, self.owner, parent)
        return records.get(connection, self.owner, parent).fingerprint if parent else ""

    def new_name(self, key: str) -> str:
        """A name for the other process, which nobody else has."""
        return f"{self.owner.namespace}/{os.urandom(8).hex()}/{key}"

    def protect(self, connection: sqlite3.Connection, key: str) -> None:
        """The scope's lease keeps it."""
        protect(connection, self._scope, Resource(f"snapshots/{self.owner.snapshotter}", key))

    def discard(self, name: str) -> None:
        """Has the other process remove one, if it can. Raises Unavailable."""
        with suppress(NotFound, FailedPrecondition):
            self._remote.remove(name)

    def discard_later(self, name: str) -> None:
        """Now, or what cannot be removed now goes with the next `cleanup`."""
        try:
            self.discard(name)
        except ImageFailure as error:
            LOG.warning("a snapshot stays for now", extra={"fields": {"name": name, "error": error}})


def passed_on(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that the other process gets to see."""
    return {name: value for name, value in labels.items() if name.startswith(PASSED_ON)}
