"""`Committer`: active snapshots become committed ones, once all that is in them is on the disk."""

from __future__ import annotations

from tiffin.image.durable import synchronize_all
from tiffin.image.errors import FailedPrecondition, NotFound
from tiffin.image.metadata.leases import protect, release
from tiffin.image.metadata.protocol import Resource
from tiffin.image.snapshots import records
from tiffin.image.snapshots.protocol import Kind
from tiffin.image.snapshots.tree import measured
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from tiffin.image.metadata.database import Database
    from tiffin.image.metadata.namespaces import Scope


class Layered(Record):
    """What becomes of an active snapshot: its name once it is committed, and its labels."""

    key: str
    name: str
    labels: Mapping[str, str]


class Committer:
    """Commits the snapshots of one owner. data: the folder that a snapshot itself has written, by its id."""

    def __init__(
        self, database: Database, scope: Scope, owner: records.Owner, data: Callable[[int], str]
    ) -> None:
        self._database = database
        self._scope = scope
        self._owner = owner
        self._data = data

    def commit(self, layers: Sequence[Layered], *, on: str | None = None) -> None:
        """Commits all of them or none.

        Args:
            layers: which. on: what the first one is put on top of ("": nothing), and each other one on the one before;
                None leaves each where it is.

        Raises:
            NotFound, AlreadyExists, FailedPrecondition: as `Snapshotter.commit`.
            OSError: not all could be written to the disk.
        """
        with self._database.reading() as connection:
            rows = [self._checked(connection, layer) for layer in layers]
        if on is not None and any(row.info.parent for row in rows):
            raise FailedPrecondition("a snapshot that has a parent cannot be put on top of another")
        for row in rows[:1]:  # the file system that all of them are on
            synchronize_all(self._data(row.id))
        found = [(row, *measured(self._data(row.id))) for row in rows]
        with self._database.writing() as connection:
            below = records.parents(connection, self._owner, on or "")[:1]
            for layer, (row, usage, fingerprint) in zip(layers, found, strict=True):
                if self._checked(connection, layer).id != row.id:
                    raise NotFound(f"the snapshot {layer.key!r} was replaced meanwhile")
                kept = row.replace(usage=usage, fingerprint=fingerprint)
                protect(connection, self._scope, self._resource(layer.name))
                release(connection, self._scope, self._resource(layer.key))
                records.commit(connection, row.id, layer.name, self._database.now(), kept)
                if on is not None:
                    records.set_parent(connection, row.id, next(iter(below), None))
                    below = (row.id,)

    def _resource(self, key: str) -> Resource:
        return Resource(f"snapshots/{self._owner.snapshotter}", key)

    def _checked(self, connection: sqlite3.Connection, layer: Layered) -> records.Row:
        """The row of an active snapshot whose new name is free, with the labels that it gets."""
        row = records.get(connection, self._owner, layer.key)
        records.require_free(connection, self._owner, layer.name)
        if row.info.kind is not Kind.ACTIVE:
            raise FailedPrecondition(f"the snapshot {layer.key!r} is {row.info.kind.value}, not active")
        return row.replace(info=row.info.replace(labels=layer.labels))
