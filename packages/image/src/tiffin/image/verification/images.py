"""Whether images have all that they name; and which image has what, so that a finding can say what to pull again."""

from __future__ import annotations

from tiffin.image.collection.references import Node, referred
from tiffin.image.metadata.labels import GC_REFERENCE, from_text
from tiffin.image.store.names import ON_DISK
from tiffin.image.verification.finding import Finding, Kind
from tiffin.spec.json_tree import decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

MEMBERS = f"{GC_REFERENCE}content.m."
"""The labels by which an index refers to its manifests: those for other platforms need not be there."""


class Images:
    """All images of all namespaces, read within one transaction.

    owners: a name by what it has (blobs and snapshots). findings: what they lack.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.owners: dict[Node, str] = {}
        self.findings: list[Finding] = []
        self._blobs = _blobs(connection)
        self._parents = _parents(connection)
        rows = connection.execute(
            "SELECT namespace, name, target, labels FROM images ORDER BY namespace, name"
        )
        for namespace, name, target, text in rows.fetchall():
            labels, tree = from_text(text), decode(target)
            if ON_DISK not in labels and isinstance(tree, dict):
                self._follow_content(name, Node(namespace, "content", str(tree.get("digest"))))
            for node in referred(namespace, labels):
                if node.kind.startswith("snapshots/"):
                    self._follow_snapshot(name, node)

    def _follow_content(self, name: str, target: Node) -> None:
        pending = [target]
        while pending:
            node = pending.pop()
            self.owners.setdefault(node, name)
            labels = self._blobs.get(node)
            if labels is None:
                text = f"the image {name!r} lacks {node.id}: pull it again"
                self.findings.append(Finding(Kind.CONTENT_UNKNOWN, node.id, name, text))
            else:
                pending += self._parts(node.namespace, labels)

    def _parts(self, namespace: str, labels: Mapping[str, str]) -> list[Node]:
        """What content refers to: all parts of a manifest; of an index what is there of it, and one at least."""
        members = {label: value for label, value in labels.items() if label.startswith(MEMBERS)}
        others = {label: value for label, value in labels.items() if label not in members}
        manifests = list(referred(namespace, members))
        found = [node for node in manifests if node in self._blobs] or manifests[:1]
        return found + [node for node in referred(namespace, others) if node.kind == "content"]

    def _follow_snapshot(self, name: str, node: Node) -> None:
        if node not in self._parents:
            text = f"the image {name!r} is not unpacked (any more): pull it again"
            self.findings.append(Finding(Kind.SNAPSHOT_UNKNOWN, node.id, name, text))
        while node in self._parents:
            self.owners.setdefault(node, name)
            node = node.replace(id=self._parents[node])


def _blobs(connection: sqlite3.Connection) -> dict[Node, Mapping[str, str]]:
    """All blobs with their labels."""
    rows = connection.execute("SELECT namespace, digest, labels FROM blobs").fetchall()
    return {Node(namespace, "content", digest): from_text(labels) for namespace, digest, labels in rows}


def _parents(connection: sqlite3.Connection) -> dict[Node, str]:
    """All snapshots with the keys of their parents, "" for none."""
    rows = connection.execute(
        "SELECT s.namespace, s.snapshotter, s.key, coalesce(p.key, '')"
        " FROM snapshots s LEFT JOIN snapshots p ON p.id = s.parent"
    ).fetchall()
    return {
        Node(namespace, f"snapshots/{snapshotter}", key): parent
        for namespace, snapshotter, key, parent in rows
    }
