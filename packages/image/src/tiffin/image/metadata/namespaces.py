"""Namespaces in the database, and `Scope`: in whose name something is done."""

from __future__ import annotations

from tiffin.image.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from tiffin.image.metadata.labels import changed, from_text, to_text
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from tiffin.image.metadata.database import Database

MOST_CHARACTERS = 76  # of containerd's identifiers
JOINTS = str.maketrans("_-", "..")
TABLES = ("images", "blobs", "containers", "sandboxes", "snapshots")  # a lease goes with its namespace


class Scope(Record):
    """namespace: whose things are seen. lease: what protects those that are made; "" for none."""

    namespace: str = "default"
    lease: str = ""


def check_identifier(name: str) -> None:
    """Raises InvalidArgument."""
    if not is_identifier(name):
        raise InvalidArgument(
            f"{name[:100]!r} is no name of a namespace: expected letters and digits, with . _ - between them"
        )


def is_identifier(name: str) -> bool:
    """As containerd's: up to 76 letters and digits, with one of `.`, `_` and `-` between them."""
    parts = name.translate(JOINTS).split(".")
    return len(name) <= MOST_CHARACTERS and all(part.isascii() and part.isalnum() for part in parts)


def note_use(connection: sqlite3.Connection, namespace: str) -> None:
    """Makes a namespace if it is not there yet."""
    connection.execute("INSERT OR IGNORE INTO namespaces VALUES (?, '{}')", (namespace,))


class LocalNamespaceStore:
    """`NamespaceStore` in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self) -> dict[str, Mapping[str, str]]:
        """As the protocol says."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT name, labels FROM namespaces ORDER BY name")
            return {name: from_text(labels) for name, labels in rows}

    def create(self, name: str, *, labels: Mapping[str, str] | None = None) -> None:
        """As the protocol says."""
        check_identifier(name)
        with self._database.writing() as connection:
            values = (name, to_text(labels))
            if not connection.execute("INSERT OR IGNORE INTO namespaces VALUES (?, ?)", values).rowcount:
                raise AlreadyExists(f"there is a namespace {name!r} already")

    def update(self, name: str, labels: Mapping[str, str], *, replace: bool = False) -> Mapping[str, str]:
        """As the protocol says."""
        with self._database.writing() as connection:
            row = connection.execute("SELECT labels FROM namespaces WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise NotFound(f"there is no namespace {name!r}")
            after = changed(from_text(row[0]), labels, replace=replace)
            connection.execute("UPDATE namespaces SET labels = ? WHERE name = ?", (to_text(after), name))
        return after

    def delete(self, name: str) -> None:
        """As the protocol says."""
        with self._database.writing() as connection:
            if found := [table for table in TABLES if _has_rows(connection, table, name)]:
                raise FailedPrecondition(
                    f"namespace {name!r} must be empty, but it still has {', '.join(found)}"
                )
            connection.execute("DELETE FROM leases WHERE namespace = ?", (name,))
            if not connection.execute("DELETE FROM namespaces WHERE name = ?", (name,)).rowcount:
                raise NotFound(f"there is no namespace {name!r}")


def _has_rows(connection: sqlite3.Connection, table: str, namespace: str) -> bool:
    """Whether a namespace has something in a table, one of our own constants."""
    query = f"SELECT 1 FROM {table} WHERE namespace = ? LIMIT 1"
    return connection.execute(query, (namespace,)).fetchone() is not None
