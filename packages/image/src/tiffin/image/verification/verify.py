"""`verify`: checks a whole store, and notes what is damaged, so that the next pull of an image heals it.

Other processes may use the store meanwhile: what they remove or make anew is no damage.
"""

from __future__ import annotations

from tiffin.image.collection.references import Node
from tiffin.image.content import records as blob_records
from tiffin.image.errors import DataLoss
from tiffin.image.metadata.damage import Damage
from tiffin.image.snapshots import records as snapshot_records
from tiffin.image.snapshots.checking import check_snapshot, note_changed
from tiffin.image.snapshots.protocol import Kind as SnapshotKind
from tiffin.image.transfer.events import Progress, Stage, nobody
from tiffin.image.verification.contents import compared
from tiffin.image.verification.finding import Finding, Kind
from tiffin.image.verification.images import Images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiffin.image.store.store import Store
    from tiffin.image.transfer.events import Report

BLOBS = {
    Damage.MISSING: Kind.BLOB_MISSING,
    Damage.RESIZED: Kind.BLOB_RESIZED,
    Damage.CHANGED: Kind.BLOB_CHANGED,
}
SNAPSHOTS = {Damage.MISSING: Kind.SNAPSHOT_MISSING, Damage.CHANGED: Kind.SNAPSHOT_CHANGED}
DATABASE_TEXT = "{}: move it away, with all files that are called like it, and pull the images again"


def verify(
    store: Store, *, report: Report = nobody, note: bool = True, contents: bool = False
) -> tuple[Finding, ...]:
    """Checks the database, every blob, every snapshot and every name; in all namespaces.

    All blobs are read; of snapshots names, types, modes, owners, sizes and times are compared with those that they had
    when they were committed.

    Args:
        store: which. report: takes an event for every `blob` and every `snapshot` that was checked, and for all
            `contents` that were compared.
        note: notes what is damaged in the store; for a disk that cannot be written, False.
        contents: compares the files of snapshots with the layers that the store has, too (see `compared`).

    Returns:
        what is wrong, nothing as a rule. If the database is damaged only what could be checked in spite of it.

    Raises:
        OSError: something cannot be read, or the disk is full or read-only and `note` is set.
    """
    findings: list[Finding] = []
    try:
        findings += _database(store)
        verification = _Verification(store, report, note=note)
        findings += verification.findings()
        if contents:
            findings += verification.findings_of_contents()
    except DataLoss as damage:
        if not findings:
            findings.append(Finding(Kind.DATABASE, store.database_path, "", str(damage)))
    return tuple(findings)


def _database(store: Store) -> list[Finding]:
    found = store.database.check()
    path = store.database.path
    return [Finding(Kind.DATABASE, path, "", DATABASE_TEXT.format(f"{path!r}: {line}")) for line in found]


class _Verification:
    """One verification, of what was there at its start."""

    def __init__(self, store: Store, report: Report, *, note: bool) -> None:
        self._store = store
        self._report = report
        self._note = note
        with store.database.reading() as connection:
            self._images = Images(connection)
            self._blobs = blob_records.sizes(connection)
            self._snapshots = snapshot_records.everywhere(connection, store.snapshots.name)

    def findings(self) -> Iterator[Finding]:
        """All of them; the content first."""
        for digest, size in self._blobs.items():
            damage = self._store.content.check(digest, note=self._note)
            self._report(Progress(Stage.DONE, "blob", digest, size, size))
            if damage is not None:
                name = self._owner("content", digest)
                yield Finding(BLOBS[damage], digest, name, f"{digest} is {damage.value}: {_advice(name)}")
        for row in self._snapshots:
            yield from self._snapshot(row)
        yield from self._images.findings

    def _snapshot(self, row: snapshot_records.Row) -> Iterator[Finding]:
        key, size = row.info.key, row.usage.size
        folder = self._store.snapshots.data(row.id)
        damage = check_snapshot(self._store.database, row, folder, note=self._note)
        self._report(Progress(Stage.DONE, "snapshot", key, size, size))
        if damage is None:
            return
        name = self._owner(f"snapshots/{self._store.snapshots.name}", key)
        advice = _advice(name)
        if row.info.kind is not SnapshotKind.COMMITTED:
            advice = "what was written to it is lost; remove the container that has it, or the snapshot"
        yield Finding(
            SNAPSHOTS[damage], key, name, f"the snapshot {key!r} ({folder}) is {damage.value}: {advice}"
        )

    def findings_of_contents(self) -> Iterator[Finding]:
        """After the others, which note what need not be compared."""
        snapshots = self._store.snapshots
        rows = {snapshots.data(row.id): row for row in self._snapshots}
        for tree, path in compared(self._store):
            row = rows.get(tree.folder)  # None: it was made after we began
            size = row.usage.size if row is not None else 0
            self._report(Progress(Stage.DONE, "contents", tree.key, size, size))
            if not path or row is None or (self._note and not note_changed(self._store.database, row)):
                continue
            name = self._owner(f"snapshots/{snapshots.name}", tree.key)
            text = f"the snapshot {tree.key!r} ({tree.folder}) is changed: {path!r} is not as in its layer"
            yield Finding(Kind.SNAPSHOT_CHANGED, tree.key, name, f"{text}: {_advice(name)}")

    def _owner(self, kind: str, what: str) -> str:
        """An image that has it, in any namespace; "" for what no image has."""
        owners: Mapping[Node, str] = self._images.owners
        return next((name for node, name in owners.items() if (node.kind, node.id) == (kind, what)), "")


def _advice(name: str) -> str:
    return f"pull {name!r} again" if name else "no image has it: a collection removes it in the end"
