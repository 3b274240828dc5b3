"""What a store takes of the disk, by kind, and how much of it a collection would give back."""

from __future__ import annotations

from tiffin.image.collection.graph import Graph
from tiffin.image.collection.references import Node
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.image.store.store import Store


class KindUsage(Record):
    """What one kind takes: `content`, `snapshots` or `ingests`. number, size: how many, and bytes.

    free_number, free_size: what nothing keeps of it.
    """

    kind: str
    number: int
    size: int
    free_number: int
    free_size: int


def disk_usage(store: Store, roots: Iterable[Node] = ()) -> tuple[KindUsage, ...]:
    """Content and snapshots of all namespaces, and unfinished ingests of this one.

    Args:
        store: whose. roots: what is kept beside names and leases, such as the snapshots of containers.

    Raises:
        OSError, Unavailable: as the database says.
    """
    with store.database.reading() as connection:
        graph = Graph(connection, store.database.now(), roots)
        blobs = connection.execute("SELECT namespace, digest, size FROM blobs").fetchall()
        trees = connection.execute("SELECT namespace, snapshotter, key, size FROM snapshots").fetchall()
    reached = graph.reached()
    ingests = [(status.offset, True) for status in store.content.statuses()]
    # several namespaces may have a blob: it is one file, and stays as long as one of them keeps it
    kept = {digest for name, digest, _ in blobs if Node(name, "content", digest) in reached}
    content = {digest: size for _, digest, size in blobs}
    return (
        _counted("content", [(size, digest in kept) for digest, size in content.items()]),
        _counted(
            "snapshots",
            [(size, Node(name, f"snapshots/{kind}", key) in reached) for name, kind, key, size in trees],
        ),
        _counted("ingests", ingests),
    )


def _counted(kind: str, found: list[tuple[int, bool]]) -> KindUsage:
    free = [size for size, kept in found if not kept]
    return KindUsage(kind, len(found), sum(size for size, _ in found), len(free), sum(free))
