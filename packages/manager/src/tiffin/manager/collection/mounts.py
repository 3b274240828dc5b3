"""`collect_mounts`: what the mount service has mounted, and nothing keeps any more, is unmounted.

It is kept by the lease under which it was made, by what its labels `containerd.io/gc.bref.*` name, and by whatever
names it by `containerd.io/gc.ref.mount`. It keeps nothing: a snapshot that is to stay needs a reason of its own.

Source: docs/mounts.md of containerd 2.3, "Garbage Collection and Backreferences", and core/mount/manager/manager.go.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tiffin.image.collection.references import back_referred
from tiffin.image.metadata.labels import GC_REFERENCE, from_text
from tiffin.runtime.errors import AlreadyExists, NotFound, RuntimeFailure

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from tiffin.image.collection.references import Node
    from tiffin.image.metadata.database import Database
    from tiffin.manager.mounts.activation import Activation
    from tiffin.manager.mounts.manager import Mounts

LOG = logging.getLogger("tiffin.manager.collection")
LEASE = "SELECT 1 FROM leases WHERE namespace = ? AND id = ?"
KEEPERS = {
    "content": "SELECT 1 FROM blobs WHERE namespace = ? AND digest = ?",
    "images": "SELECT 1 FROM images WHERE namespace = ? AND name = ?",
    "containers": "SELECT 1 FROM containers WHERE namespace = ? AND id = ?",
}
SNAPSHOT = "SELECT 1 FROM snapshots WHERE namespace = ? AND key = ? AND snapshotter = ?"
REFERENCE = f"{GC_REFERENCE}mount"
LABELLED = " UNION ALL ".join(
    f"SELECT namespace, labels FROM {table} WHERE labels LIKE '%{REFERENCE}%'"
    for table in ("blobs", "images", "snapshots", "containers", "sandboxes")
)


def collect_mounts(mounts: Mounts, database: Database) -> int:
    """Unmounts them; how many. After a collection of all else: what the database has then is kept.

    Raises:
        Unavailable, OSError: as the database and the disk say.
    """
    seen = [(namespace, each) for namespace in mounts.namespaces() for each in mounts.list(namespace)]
    if not seen:
        return 0
    with database.reading() as connection:
        named = set(_named(connection))
        left = [
            (namespace, each)
            for namespace, each in seen
            if (namespace, each.name) not in named and not _is_kept(connection, namespace, each)
        ]
    return sum(_unmounted(mounts, namespace, each) for namespace, each in left)


def _is_kept(connection: sqlite3.Connection, namespace: str, mount: Activation) -> bool:
    if mount.lease and connection.execute(LEASE, (namespace, mount.lease)).fetchone():
        return True
    return any(_is_there(connection, node) for node in back_referred(namespace, mount.labels))


def _is_there(connection: sqlite3.Connection, node: Node) -> bool:
    kind, _, snapshotter = node.kind.partition("/")
    if kind == "snapshots":
        found = connection.execute(SNAPSHOT, (node.namespace, node.id, snapshotter))
    else:
        found = connection.execute(KEEPERS[kind], (node.namespace, node.id))
    return found.fetchone() is not None


def _named(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Namespace and name of mounts that something refers to."""
    for namespace, text in connection.execute(LABELLED):
        for label, value in from_text(text).items():
            if label == REFERENCE or label.startswith((f"{REFERENCE}.", f"{REFERENCE}/")):
                yield namespace, value


def _unmounted(mounts: Mounts, namespace: str, mount: Activation) -> bool:
    try:
        mounts.deactivate(namespace, mount.name, seen=mount)
    except (AlreadyExists, NotFound):  # somebody is at it
        return False
    except (RuntimeFailure, OSError) as error:  # the next collection tries again
        LOG.warning("mounts stay", extra={"fields": {"name": mount.name, "error": error}})
        return False
    return True
