"""`mark` tells what is garbage, `sweep` removes rows of it; each works in the caller's transaction."""

from __future__ import annotations

from tiffin.image.collection.graph import Graph
from tiffin.image.collection.references import Node
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence


class Marked(Record):
    """What is garbage in one state of the database.

    garbage: each before what it was made on top of. leases: those that have ended. kept: how much is not garbage.
    version: of the state, for this connection.
    """

    garbage: tuple[Node, ...]
    leases: tuple[tuple[str, str], ...]
    kept: int
    version: int


def mark(connection: sqlite3.Connection, now: int, roots: Iterable[Node]) -> Marked:
    """Looks at everything. now: nanoseconds since 1970. roots: what else must stay."""
    state = version(connection)
    graph = Graph(connection, now, roots)
    garbage = graph.nodes - graph.reached()
    ordered = sorted(sorted(garbage), key=graph.depth, reverse=True)
    return Marked(tuple(ordered), tuple(graph.expired_leases), len(graph.nodes) - len(garbage), state)


def version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection commits, but not when this one does.

    Source: SQLite's documentation, "PRAGMA data_version". The number is that of the transaction once it has read.
    """
    connection.execute("SELECT 1 FROM namespaces LIMIT 1").fetchone()
    found: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return found


def sweep(connection: sqlite3.Connection, garbage: Sequence[Node], leases: Iterable[tuple[str, str]]) -> None:
    """Removes these rows."""
    connection.execute("PRAGMA defer_foreign_keys=ON")
    for namespace, kind, name in garbage:
        if kind == "content":
            connection.execute("DELETE FROM blobs WHERE namespace = ? AND digest = ?", (namespace, name))
        elif kind == "images":
            connection.execute("DELETE FROM images WHERE namespace = ? AND name = ?", (namespace, name))
        else:
            snapshotter = kind.partition("/")[2]
            connection.execute(
                "DELETE FROM snapshots WHERE namespace = ? AND snapshotter = ? AND key = ?",
                (namespace, snapshotter, name),
            )
    connection.executemany("DELETE FROM leases WHERE namespace = ? AND id = ?", leases)
