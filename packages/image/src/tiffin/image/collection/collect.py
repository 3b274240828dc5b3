"""`collect`: mark and sweep of everything that the database knows, then of the files that nothing knows.

Safe against writers in other processes: marks and sweep of rows are one transaction that excludes all writers; and a
file is removed only under the same lock, after looking again. Who wants to keep what has no name yet takes a lease.
"""

from __future__ import annotations

from tiffin.image.collection.graph import Graph
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from typing import Protocol

    from tiffin.image.collection.references import Node
    from tiffin.image.metadata.database import Database

    class Cleanable(Protocol):
        """A content store or a snapshotter."""

        def cleanup(self) -> None:
            """Removes the files that the database does not know."""
            ...


class Collected(Record):
    """What a collection removed, and how many leases had ended. kept: how much is still there."""

    removed: tuple[Node, ...]
    leases: int
    kept: int


def collect(database: Database, stores: Iterable[Cleanable], *, roots: Iterable[Node] = ()) -> Collected:
    """Collects garbage in all namespaces.

    Args:
        database: of the store.
        stores: the content store, and every snapshotter that the store has.
        roots: what else must stay, for example the snapshots of containers.

    Raises:
        Unavailable, OSError: as the database and the disk say; what is not removed then is the next time.
    """
    with database.writing() as connection:
        graph = Graph(connection, database.now(), roots)
        reached = graph.reached()
        garbage = tuple(sorted(graph.nodes - reached))
        _sweep(connection, garbage)
        connection.executemany("DELETE FROM leases WHERE namespace = ? AND id = ?", graph.expired_leases)
    for store in stores:
        store.cleanup()
    return Collected(garbage, len(graph.expired_leases), len(graph.nodes) - len(garbage))


def _sweep(connection: sqlite3.Connection, garbage: tuple[Node, ...]) -> None:
    connection.execute("PRAGMA defer_foreign_keys=ON")  # children and parents go in any order
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
