"""`LocalSnapshotter`: snapshots in folders with rows in the database, for any `Backend`.

A folder gets its name under the database's write lock, right before the row is committed; it is removed after its
row. So a kill leaves at most a folder without a row, which `cleanup` removes, and never a row without a folder.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

from tiffin.image.errors import FailedPrecondition, NotFound
from tiffin.image.metadata.damage import is_noted
from tiffin.image.metadata.labels import changed
from tiffin.image.metadata.leases import protect, release
from tiffin.image.metadata.namespaces import Scope, check_identifier, note_use
from tiffin.image.metadata.protocol import Resource
from tiffin.image.snapshots import records
from tiffin.image.snapshots.committing import Committer, Layered
from tiffin.image.snapshots.folders import Folders
from tiffin.image.snapshots.protocol import Kind, Mount, SnapshotInfo, Tree, Usage
from tiffin.image.snapshots.replacing import Replacer
from tiffin.image.snapshots.tree import measured

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from tiffin.image.metadata.database import Database
    from tiffin.image.snapshots.backend import Backend

_MOUNTABLE = (Kind.ACTIVE, Kind.VIEW)


class LocalSnapshotter:
    """`Snapshotter` in the folder `root`, which is made if it is missing.

    Args:
        root: where; all namespaces have their folders in it.
        database: of the same store.
        backend: the kind of snapshots.
        scope: whose snapshots are seen, and the lease that protects new ones.
    """

    def __init__(self, root: str, database: Database, backend: Backend, scope: Scope | None = None) -> None:
        self._scope = scope or Scope()
        check_identifier(self._scope.namespace)
        self.root = os.path.abspath(root)
        self._folders = Folders(root)
        self._database = database
        self._backend = backend
        self._owner = records.Owner(self._scope.namespace, backend.name)
        self._committer = Committer(database, self._scope, self._owner, self.data)
        self.replacing = Replacer(database, self._owner, backend, self._folders).replacing

    def leased(self, lease: str) -> LocalSnapshotter:
        """The same snapshots; new ones are protected by a lease."""
        return LocalSnapshotter(self.root, self._database, self._backend, self._scope.replace(lease=lease))

    def prepare(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """As the protocol says."""
        return self._create(Kind.ACTIVE, key, parent, labels or {})

    def view(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """As the protocol says."""
        return self._create(Kind.VIEW, key, parent, labels or {})

    def _create(self, kind: Kind, key: str, parent: str, labels: Mapping[str, str]) -> tuple[Mount, ...]:
        with self._database.reading() as connection:
            records.require_free(connection, self._owner, key)
            chain = records.parents(connection, self._owner, parent)
        paths = tuple(map(self._folders.path, chain))
        with self._folders.new() as folder:
            self._fill(folder, kind, paths, parent)
            with self._database.writing() as connection:
                if records.parents(connection, self._owner, parent) != chain:
                    raise NotFound(f"the snapshot {parent!r} was replaced meanwhile")
                number = self._insert(connection, SnapshotInfo(key, parent, kind, 0, 0, labels), chain)
                self._folders.adopt(folder, number)
        return self._backend.mounts(self._folders.path(number), kind, paths)

    def _fill(self, folder: str, kind: Kind, paths: tuple[str, ...], parent: str) -> None:
        try:
            self._backend.fill(folder, kind, paths)
        except FileNotFoundError as error:
            raise NotFound(f"the parent {parent!r} went away, or is damaged: {error}") from error
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _insert(self, connection: sqlite3.Connection, info: SnapshotInfo, chain: tuple[int, ...]) -> int:
        now = self._database.now()
        note_use(connection, self._owner.namespace)
        self._protect(connection, info.key)
        made = info.replace(created=now, updated=now)
        return records.insert(connection, self._owner, made, chain[0] if chain else None)

    def _protect(self, connection: sqlite3.Connection, key: str) -> None:
        protect(connection, self._scope, self._resource(key))

    def _resource(self, key: str) -> Resource:
        return Resource(f"snapshots/{self._backend.name}", key)

    def commit(self, name: str, key: str, *, labels: Mapping[str, str] | None = None) -> None:
        """As the protocol says; everything in it is on the disk before. Labels of the active one are not kept."""
        self._committer.commit([Layered(key, name, labels or {})])

    def commit_stack(self, stack: Sequence[Layered], parent: str = "") -> None:
        """Commits snapshots that were prepared without a parent, each on top of the one before, the first on `parent`.

        They can be filled in any order, and are synced once. Only for trees that do not hold their parents' (overlays).

        Raises:
            NotFound, AlreadyExists, FailedPrecondition: as `commit`; then none is committed.
        """
        if not self.stacks:
            raise FailedPrecondition(
                f"snapshots of {self.name!r} hold all of their parents: none can be put below"
            )
        self._committer.commit(stack, on=parent)

    def data(self, number: int) -> str:
        """The folder of what a snapshot itself has written, by its id."""
        return self._backend.data(self._folders.path(number))

    def chain(self, key: str) -> tuple[Tree, ...]:
        """A snapshot and its parents, the nearest first. Raises NotFound."""
        with self._database.reading() as connection:
            found = records.lineage(connection, records.get(connection, self._owner, key).id)
        return tuple(self._tree(*row) for row in found)

    def _tree(self, number: int, key: str, labels: Mapping[str, str]) -> Tree:
        folder = self.data(number)
        return Tree(key, folder, labels, is_noted(labels) or not os.path.isdir(folder))

    def trees(self, key: str) -> tuple[str, ...]:
        """The folders that make up the tree of a snapshot, the nearest first: lower folders of an overlay.

        Raises NotFound.
        """
        return tuple(tree.folder for tree in self.chain(key)[: None if self.stacks else 1])

    def claim(self, key: str) -> None:
        """Protects a snapshot that is there, and so its parents, by the lease of the scope. Raises NotFound."""
        if self._scope.lease:
            with self._database.writing() as connection:
                self._protect(connection, records.get(connection, self._owner, key).info.key)

    @contextmanager
    def scratch(self) -> Iterator[str]:
        """An empty tree without a row, beside the others; it is removed at the end, after a kill by a collection."""
        with self._folders.new() as folder:
            self._backend.fill(folder, Kind.ACTIVE, ())
            yield self._backend.data(folder)

    @property
    def stacks(self) -> bool:
        """Whether a snapshot's folder holds only what it adds to its parents."""
        return self._backend.stacks

    @property
    def name(self) -> str:
        """The snapshotter's, as labels have it."""
        return self._backend.name

    def mounts(self, key: str) -> tuple[Mount, ...]:
        """As the protocol says."""
        with self._database.reading() as connection:
            row = records.get(connection, self._owner, key)
            chain = records.ancestors(connection, row.id)
        if row.info.kind not in _MOUNTABLE:
            raise FailedPrecondition(
                f"the snapshot {key!r} is {row.info.kind.value}: make a view of it to mount it"
            )
        paths = tuple(map(self._folders.path, chain))
        return self._backend.mounts(self._folders.path(row.id), row.info.kind, paths)

    def remove(self, key: str) -> None:
        """As the protocol says."""
        with self._database.writing() as connection:
            row = records.get(connection, self._owner, key)
            if records.has_children(connection, row.id):
                raise FailedPrecondition(f"the snapshot {key!r} has children")
            records.delete(connection, row.id)
            release(connection, self._scope, self._resource(key))
        self._folders.discard(row.id)

    def stat(self, key: str) -> SnapshotInfo:
        """As the protocol says."""
        with self._database.reading() as connection:
            return records.get(connection, self._owner, key).info

    def update(self, key: str, labels: Mapping[str, str], *, replace: bool = False) -> SnapshotInfo:
        """As the protocol says."""
        with self._database.writing() as connection:
            row = records.get(connection, self._owner, key)
            after = changed(row.info.labels, labels, replace=replace)
            records.set_labels(connection, row.id, after, self._database.now())
            return records.get(connection, self._owner, key).info

    def usage(self, key: str) -> Usage:
        """As the protocol says; a view has none of its own."""
        with self._database.reading() as connection:
            row = records.get(connection, self._owner, key)
        if row.info.kind is not Kind.ACTIVE:
            return row.usage
        return measured(self._backend.data(self._folders.path(row.id)))[0]

    def walk(self) -> Iterator[SnapshotInfo]:
        """As the protocol says."""
        with self._database.reading() as connection:
            rows = list(records.walk(connection, self._owner))
        yield from (row.info for row in rows)

    def cleanup(self) -> None:
        """As the protocol says; other processes may be at work meanwhile."""
        with self._database.reading() as connection:
            names = self._folders.suspects(records.known_ids(connection, self._backend.name))
        if names:  # else nobody has to wait
            with self._database.writing() as connection:
                names = self._folders.unknown(names, records.known_ids(connection, self._backend.name))
            self._folders.sweep(names)
