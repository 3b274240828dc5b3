"""Checking a blob against its digest, and noting what was found."""

from __future__ import annotations

import os

from tiffin.image.content import records
from tiffin.image.content.layout import blob_path
from tiffin.image.digest import new_hash, split_digest
from tiffin.image.metadata.damage import Damage, is_noted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.image.content.protocol import BlobInfo
    from tiffin.image.metadata.database import Database

BLOCK = 1024 * 1024


def is_whole(path: str, known: Sequence[BlobInfo]) -> bool:
    """Whether a blob that some namespace has can be used: nothing is noted, and the file has the right size."""
    return bool(known) and not any(is_noted(info.labels) or _size(path) != info.size for info in known)


def check_blob(root: str, database: Database, digest: str, *, note: bool = True) -> Damage | None:
    """Reads a blob that some namespace has.

    Args:
        root: the content store. database: of the same store.
        digest: which; one that nobody has (any more) is not damaged.
        note: writes down what was found, also that the blob is whole after all.

    Raises:
        OSError: it cannot be read, or what was found cannot be written down.
    """
    with database.reading() as connection:
        known = records.anywhere(connection, digest)
    if not known:
        return None
    path = blob_path(root, digest)
    damage, identity = _examined(path, digest, known[0].size)
    if not note or not any((damage is not None) != is_noted(info.labels) for info in known):
        return damage
    with database.writing() as connection:
        if _identity(path) != identity:
            return None  # it was collected, or made anew, while it was read
        records.note(connection, digest, damage)
        return damage if records.is_known(connection, digest) else None


def has_digest(path: str, digest: str) -> bool:
    """Reads a file that has no row. Raises OSError."""
    return _examined(path, digest, None)[0] is None


def _examined(path: str, digest: str, size: int | None) -> tuple[Damage | None, tuple[int, int] | None]:
    """What is wrong with a file, and which one was looked at."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return Damage.MISSING, None
    try:
        status = os.fstat(descriptor)
        identity = (status.st_dev, status.st_ino)
        if size is not None and status.st_size != size:
            return Damage.RESIZED, identity
        state = new_hash(split_digest(digest)[0])
        while block := os.read(descriptor, BLOCK):
            state.update(block)
    finally:
        os.close(descriptor)
    return (None if state.hexdigest() == split_digest(digest)[1] else Damage.CHANGED), identity


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return -1
