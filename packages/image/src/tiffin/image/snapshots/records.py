"""Rows of snapshots in the database; each function works in the caller's transaction."""

from __future__ import annotations

from tiffin.image.errors import AlreadyExists, InvalidArgument, NotFound
from tiffin.image.metadata.damage import noted
from tiffin.image.metadata.labels import changed, from_text, to_text
from tiffin.image.snapshots.protocol import Kind, SnapshotInfo, Usage
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tiffin.image.metadata.damage import Damage

_ALL = """
SELECT s.id, s.key, coalesce(p.key, ''), s.kind, s.created, s.updated, s.labels, s.size, s.inodes, s.fingerprint
FROM snapshots s LEFT JOIN snapshots p ON p.id = s.parent
WHERE s.snapshotter = ?
"""
_QUERY = f"{_ALL} AND s.namespace = ?"


class Owner(Record):
    """Whose snapshots: those of one snapshotter in one namespace."""

    namespace: str
    snapshotter: str

    @property
    def values(self) -> tuple[str, str]:
        """For the query."""
        return self.snapshotter, self.namespace


class Row(Record):
    """A snapshot, with what only the snapshotter knows. fingerprint: see `tree.measured`; "" if not committed."""

    id: int
    info: SnapshotInfo
    usage: Usage
    fingerprint: str


def get(connection: sqlite3.Connection, owner: Owner, key: str) -> Row:
    """One snapshot. Raises NotFound."""
    row = connection.execute(f"{_QUERY} AND s.key = ?", (*owner.values, key)).fetchone()
    if row is None:
        raise NotFound(f"there is no snapshot {key!r}")
    return _row(row)


def walk(connection: sqlite3.Connection, owner: Owner) -> Iterator[Row]:
    """All of them, parents first: one that was put on top of a younger one comes after that."""
    waiting: dict[str, list[Row]] = {}
    known = {""}
    for row in map(_row, connection.execute(f"{_QUERY} ORDER BY s.id", owner.values).fetchall()):
        waiting.setdefault(row.info.parent, []).append(row)
        pending = waiting.pop(row.info.parent) if row.info.parent in known else []
        while pending:
            found = pending.pop(0)
            known.add(found.info.key)
            yield found
            pending += waiting.pop(found.info.key, [])


def everywhere(connection: sqlite3.Connection, snapshotter: str) -> list[Row]:
    """The snapshots of all namespaces."""
    return list(map(_row, connection.execute(f"{_ALL} ORDER BY s.id", (snapshotter,))))


def _row(row: tuple[Any, ...]) -> Row:
    number, key, parent, kind, created, updated, labels, size, inodes, fingerprint = row
    info = SnapshotInfo(key, parent, Kind(kind), created, updated, from_text(labels))
    return Row(number, info, Usage(size, inodes), fingerprint)


def parents(connection: sqlite3.Connection, owner: Owner, key: str) -> tuple[int, ...]:
    """The ids of all parents of what is made on top of `key`, and `key`'s own first.

    Raises NotFound, and InvalidArgument if it is not committed (as containerd says).
    """
    if not key:
        return ()
    row = get(connection, owner, key)
    if row.info.kind is not Kind.COMMITTED:
        raise InvalidArgument(
            f"the snapshot {key!r} is {row.info.kind.value}: only a committed one can be a parent"
        )
    return (row.id, *ancestors(connection, row.id))


def ancestors(connection: sqlite3.Connection, number: int) -> tuple[int, ...]:
    """The ids of a snapshot's parents, the nearest first."""
    return tuple(found for found, _, _ in lineage(connection, number)[1:])


def lineage(connection: sqlite3.Connection, number: int) -> list[tuple[int, str, dict[str, str]]]:
    """The id, key and labels of a snapshot and of its parents, the nearest first."""
    query = """
    WITH RECURSIVE chain (id, parent, depth) AS (
        SELECT id, parent, 0 FROM snapshots WHERE id = ?
        UNION ALL SELECT s.id, s.parent, depth + 1 FROM snapshots s JOIN chain ON s.id = chain.parent
    ) SELECT s.id, s.key, s.labels FROM chain JOIN snapshots s ON s.id = chain.id ORDER BY depth
    """
    rows = connection.execute(query, (number,))
    return [(found, key, from_text(labels)) for found, key, labels in rows]


def insert(connection: sqlite3.Connection, owner: Owner, info: SnapshotInfo, parent: int | None) -> int:
    """A new one; its id. Raises AlreadyExists."""
    require_free(connection, owner, info.key)
    cursor = connection.execute(
        "INSERT INTO snapshots (namespace, snapshotter, key, parent, kind, created, updated, labels)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (*owner, info.key, parent, info.kind.value, info.created, info.updated, to_text(info.labels)),
    )
    if cursor.lastrowid is None:
        raise AssertionError("an insert has a row")
    return cursor.lastrowid


def require_free(connection: sqlite3.Connection, owner: Owner, key: str) -> None:
    """Raises AlreadyExists, and InvalidArgument for an empty key."""
    if not key:
        raise InvalidArgument("a snapshot needs a key")
    query = "SELECT 1 FROM snapshots WHERE namespace = ? AND snapshotter = ? AND key = ?"
    if connection.execute(query, (*owner, key)).fetchone():
        raise AlreadyExists(f"there is a snapshot {key!r} already")


def commit(connection: sqlite3.Connection, number: int, name: str, now: int, row: Row) -> None:
    """Makes an active one a committed one with the labels, usage and fingerprint of `row`: a new name, the same id."""
    connection.execute(
        "UPDATE snapshots SET key = ?, kind = 'committed', created = ?, updated = ?, labels = ?,"
        " size = ?, inodes = ?, fingerprint = ? WHERE id = ?",
        (name, now, now, to_text(row.info.labels), *row.usage, row.fingerprint, number),
    )


def set_parent(connection: sqlite3.Connection, number: int, parent: int | None) -> None:
    """Puts one on top of another: for those that were made without knowing below what they would lie."""
    connection.execute("UPDATE snapshots SET parent = ? WHERE id = ?", (parent, number))


def note(connection: sqlite3.Connection, number: int, damage: Damage) -> None:
    """Writes down that one is damaged."""
    (text,) = connection.execute("SELECT labels FROM snapshots WHERE id = ?", (number,)).fetchone()
    values = (to_text(changed(from_text(text), noted(damage))), number)
    connection.execute("UPDATE snapshots SET labels = ? WHERE id = ?", values)


def heal(connection: sqlite3.Connection, row: Row, now: int) -> None:
    """Takes the note of damage away from one that was made anew, with the usage and fingerprint of `row`."""
    query = "UPDATE snapshots SET updated = ?, labels = ?, size = ?, inodes = ?, fingerprint = ? WHERE id = ?"
    labels = to_text(changed(row.info.labels, noted(None)))
    connection.execute(query, (now, labels, *row.usage, row.fingerprint, row.id))


def is_unchanged(connection: sqlite3.Connection, row: Row) -> bool:
    """Whether one is still what was read of it: not removed, committed, or made anew."""
    query = "SELECT 1 FROM snapshots WHERE id = ? AND kind = ? AND fingerprint = ?"
    return connection.execute(query, (row.id, row.info.kind.value, row.fingerprint)).fetchone() is not None


def set_labels(connection: sqlite3.Connection, number: int, labels: Mapping[str, str], now: int) -> None:
    """Writes the labels."""
    query = "UPDATE snapshots SET labels = ?, updated = ? WHERE id = ?"
    connection.execute(query, (to_text(labels), now, number))


def has_children(connection: sqlite3.Connection, number: int) -> bool:
    """Whether others were made on top of it."""
    query = "SELECT 1 FROM snapshots WHERE parent = ? LIMIT 1"
    return connection.execute(query, (number,)).fetchone() is not None


def delete(connection: sqlite3.Connection, number: int) -> None:
    """Forgets one without children."""
    connection.execute("DELETE FROM snapshots WHERE id = ?", (number,))


def known_ids(connection: sqlite3.Connection, snapshotter: str) -> set[int]:
    """The ids of a snapshotter's snapshots in all namespaces."""
    query = "SELECT id FROM snapshots WHERE snapshotter = ?"
    return {number for (number,) in connection.execute(query, (snapshotter,))}
