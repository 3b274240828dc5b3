"""`Graph`: everything that the database knows, its roots, and the edges between; and what the roots reach."""

from __future__ import annotations

from collections import defaultdict

from tiffin.image.collection.conditions import Conditions
from tiffin.image.collection.references import Node, back_referred, referred
from tiffin.image.metadata.labels import GC_FLAT, GC_ROOT, from_text
from tiffin.image.metadata.leases import expires
from tiffin.spec.json_tree import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


class Graph:
    """Read within one transaction.

    nodes: all that may be collected. edges: from what keeps to what is kept. roots: what is kept by itself. flat: kept
    without what its labels refer to, but with what it cannot be without. expired: images and leases whose time is over
    at `now`, nanoseconds since 1970.
    """

    def __init__(self, connection: sqlite3.Connection, now: int, roots: Iterable[Node] = ()) -> None:
        self.nodes: set[Node] = set()
        self.edges: defaultdict[Node, list[Node]] = defaultdict(list)
        self.roots: set[Node] = set(roots)
        self.flat: set[Node] = set()
        self._needs: dict[Node, Node] = {}  # a snapshot its parent, an image its target
        self.expired_leases: list[tuple[str, str]] = []
        self._now = now
        self._conditions = Conditions(now)
        self._read_content(connection)
        self._read_snapshots(connection)
        self._read_images(connection)
        self._read_leases(connection)
        self._read_containers(connection)
        for keeper, kept in self._conditions.edges():
            self.edges[keeper].append(kept)

    def reached(self) -> set[Node]:
        """All that is kept."""
        flat: set[Node] = set()
        for kept in self.flat:
            node: Node | None = kept
            while node is not None and node not in flat:
                flat.add(node)
                node = self._needs.get(node)
        return self._followed() | flat

    def depth(self, node: Node) -> int:
        """How many it cannot be without: a snapshot's parents, the target of an image."""
        depth = 0
        below = self._needs.get(node)
        while below is not None:
            depth += 1
            below = self._needs.get(below)
        return depth

    def _followed(self) -> set[Node]:
        """What the roots lead to."""
        found: set[Node] = set()
        pending = list(self.roots)
        while pending:
            node = pending.pop()
            if node not in found:
                found.add(node)
                pending += self.edges.get(node, ())
        return found

    def _add(self, node: Node, labels: dict[str, str]) -> None:
        self.nodes.add(node)
        if labels.get(GC_ROOT):
            self.roots.add(node)
        self._refer(node, labels)

    def _refer(self, node: Node, labels: dict[str, str]) -> None:
        self.edges[node] += referred(node.namespace, labels)
        for keeper in back_referred(node.namespace, labels):
            self.edges[keeper].append(node)

    def _read_content(self, connection: sqlite3.Connection) -> None:
        for namespace, digest, labels in connection.execute("SELECT namespace, digest, labels FROM blobs"):
            node, found = Node(namespace, "content", digest), from_text(labels)
            self._add(node, found)
            self._conditions.keeper(node, found)

    def _read_snapshots(self, connection: sqlite3.Connection) -> None:
        query = "SELECT id, parent, namespace, snapshotter, key, labels FROM snapshots"
        rows = connection.execute(query).fetchall()
        nodes = {row[0]: Node(row[2], f"snapshots/{row[3]}", row[4]) for row in rows}
        for number, parent, _, _, _, text in rows:
            labels = from_text(text)
            self._add(nodes[number], labels)
            self._conditions.snapshot(nodes[number], labels)
            if parent is not None:
                self.edges[nodes[number]].append(nodes[parent])
                self._needs[nodes[number]] = nodes[parent]

    def _read_images(self, connection: sqlite3.Connection) -> None:
        for namespace, name, target, text in connection.execute(
            "SELECT namespace, name, target, labels FROM images"
        ):
            node, labels, tree = Node(namespace, "images", name), from_text(text), decode(target)
            self._add(node, labels)
            self._conditions.keeper(node, labels)
            if isinstance(tree, dict):
                self._needs[node] = Node(namespace, "content", tree["digest"])
                self.edges[node].append(self._needs[node])
            end = expires(labels)
            if end is None or end > self._now:
                self.roots.add(node)

    def _read_leases(self, connection: sqlite3.Connection) -> None:
        leases = connection.execute("SELECT namespace, id, labels FROM leases").fetchall()
        resources = defaultdict(list)
        for namespace, lease, kind, name in connection.execute(
            "SELECT namespace, lease, kind, id FROM lease_resources"
        ):
            resources[namespace, lease].append(Node(namespace, kind, name))
        for namespace, lease, text in leases:
            labels = from_text(text)
            end = expires(labels)
            if end is not None and end <= self._now:
                self.expired_leases.append((namespace, lease))
            else:
                (self.flat if GC_FLAT in labels else self.roots).update(resources[namespace, lease])

    def _read_containers(self, connection: sqlite3.Connection) -> None:
        """Containers keep their snapshots and images; they and sandboxes keep what their labels refer to."""
        query = "SELECT namespace, id, image, snapshotter, snapshot_key, labels FROM containers"
        for namespace, name, image, snapshotter, key, text in connection.execute(query):
            node = Node(namespace, "containers", name)
            self.roots.add(node)
            self._refer(node, from_text(text))
            self.edges[node] += [
                Node(namespace, "images", image),
                Node(namespace, f"snapshots/{snapshotter}", key),
            ]
        for namespace, text in connection.execute("SELECT namespace, labels FROM sandboxes"):
            self.roots.update(referred(namespace, from_text(text)))
