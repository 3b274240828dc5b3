"""Rows of blobs in the database; each function works in the caller's transaction."""

from __future__ import annotations

from tiffin.image.content.protocol import BlobInfo
from tiffin.image.metadata.damage import noted
from tiffin.image.metadata.labels import changed, from_text, to_text
from tiffin.image.metadata.namespaces import note_use

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from typing import Any

    from tiffin.image.metadata.damage import Damage

_COLUMNS = "SELECT digest, size, created, updated, labels FROM blobs"


def find(connection: sqlite3.Connection, namespace: str, digest: str) -> BlobInfo | None:
    """What is known about a blob."""
    query = f"{_COLUMNS} WHERE namespace = ? AND digest = ?"
    row = connection.execute(query, (namespace, digest)).fetchone()
    return None if row is None else _info(row)


def find_all(connection: sqlite3.Connection, namespace: str) -> list[BlobInfo]:
    """All blobs of a namespace, by digest."""
    query = f"{_COLUMNS} WHERE namespace = ? ORDER BY digest"
    return [_info(row) for row in connection.execute(query, (namespace,))]


def anywhere(connection: sqlite3.Connection, digest: str) -> list[BlobInfo]:
    """What all namespaces know about a blob; they share its file."""
    return [_info(row) for row in connection.execute(f"{_COLUMNS} WHERE digest = ?", (digest,))]


def by_namespace(connection: sqlite3.Connection, digest: str) -> dict[str, BlobInfo]:
    """The same, by the namespace."""
    query = "SELECT namespace, digest, size, created, updated, labels FROM blobs WHERE digest = ?"
    return {namespace: _info(tuple(row)) for namespace, *row in connection.execute(query, (digest,))}


def sizes(connection: sqlite3.Connection) -> dict[str, int]:
    """The blobs of all namespaces, by digest: their sizes in bytes."""
    return dict(connection.execute("SELECT digest, size FROM blobs ORDER BY digest").fetchall())


def is_known(connection: sqlite3.Connection, digest: str) -> bool:
    """Whether any namespace has it."""
    return (
        connection.execute("SELECT 1 FROM blobs WHERE digest = ? LIMIT 1", (digest,)).fetchone() is not None
    )


def insert(
    connection: sqlite3.Connection,
    namespace: str,
    digest: str,
    size: int,
    now: int,
    labels: Mapping[str, str],
) -> None:
    """A new blob; one whose row outlived its file keeps the labels that it had, beside the new ones."""
    before = find(connection, namespace, digest)
    note_use(connection, namespace)
    kept = changed(before.labels if before else {}, labels)
    created = before.created if before else now
    values = (namespace, digest, size, created, now, to_text(kept))
    connection.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?, ?, ?, ?, ?)", values)


def update(connection: sqlite3.Connection, namespace: str, info: BlobInfo) -> None:
    """Writes the labels of a blob."""
    values = (to_text(info.labels), info.updated, namespace, info.digest)
    connection.execute("UPDATE blobs SET labels = ?, updated = ? WHERE namespace = ? AND digest = ?", values)


def note(connection: sqlite3.Connection, digest: str, damage: Damage | None) -> None:
    """Writes down for all namespaces that a blob is damaged, or (None) that it is whole again."""
    query = "SELECT namespace, labels FROM blobs WHERE digest = ?"
    for namespace, labels in connection.execute(query, (digest,)).fetchall():
        values = (to_text(changed(from_text(labels), noted(damage))), namespace, digest)
        connection.execute("UPDATE blobs SET labels = ? WHERE namespace = ? AND digest = ?", values)


def delete(connection: sqlite3.Connection, namespace: str, digest: str) -> bool:
    """Forgets a blob; whether it was known."""
    query = "DELETE FROM blobs WHERE namespace = ? AND digest = ?"
    return connection.execute(query, (namespace, digest)).rowcount > 0


def _info(row: tuple[Any, ...]) -> BlobInfo:
    digest, size, created, updated, labels = row
    return BlobInfo(digest, size, created, updated, from_text(labels))
