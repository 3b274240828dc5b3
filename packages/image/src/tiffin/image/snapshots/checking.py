"""Checking a snapshot's folder against the fingerprint that was taken when it was committed, and noting the damage."""

from __future__ import annotations

import os

from tiffin.image.metadata.damage import Damage, is_noted
from tiffin.image.snapshots import records
from tiffin.image.snapshots.protocol import Kind
from tiffin.image.snapshots.tree import measured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.metadata.database import Database


def check_snapshot(database: Database, row: records.Row, folder: str, *, note: bool = True) -> Damage | None:
    """Looks at all files of a committed snapshot; of another one only whether its folder is there.

    Their contents are not read (see `measured`). A note stays until the snapshot was made anew: what was changed may
    look right again.

    Args:
        database: of the store. row: the snapshot. folder: what it itself has written.
        note: writes down what was found.

    Raises:
        OSError: it cannot be read, or what was found cannot be written down.
    """
    identity = _identity(folder)
    damage = _examined(row, folder)
    if damage is None or not note or is_noted(row.info.labels) or row.info.kind is not Kind.COMMITTED:
        return damage
    with database.writing() as connection:
        if not records.is_unchanged(connection, row) or _identity(folder) != identity:
            return None  # it was removed, or made anew, while it was looked at
        records.note(connection, row.id, damage)
    return damage


def note_changed(database: Database, row: records.Row) -> bool:
    """Notes that a committed snapshot has other contents than it should.

    False: it was removed, or made anew meanwhile. Raises OSError: it cannot be written down.
    """
    with database.writing() as connection:
        if not records.is_unchanged(connection, row):
            return False
        records.note(connection, row.id, Damage.CHANGED)
    return True


def _examined(row: records.Row, folder: str) -> Damage | None:
    try:
        if row.info.kind is Kind.COMMITTED:
            same = measured(folder)[1] == row.fingerprint and not is_noted(row.info.labels)
            return None if same else Damage.CHANGED
        return None if os.path.isdir(folder) else Damage.MISSING
    except (FileNotFoundError, NotADirectoryError):
        return Damage.CHANGED if os.path.isdir(folder) else Damage.MISSING


def _identity(folder: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino
