"""The database of `LocalCache`: its tables, how it is opened, and what is said when it is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager

from tiffin.image.errors import DataLoss
from tiffin.image.metadata.failures import translated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT = 60.0  # seconds, for another writer
DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
PRIMARY = 0xFF  # the lowest byte of an extended code
VERSION = 1
TABLES = """
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS inputs;
DROP TABLE IF EXISTS moments;
CREATE TABLE IF NOT EXISTS steps (namespace TEXT, key TEXT, result TEXT NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)) STRICT, WITHOUT ROWID;
CREATE TABLE inputs (key TEXT PRIMARY KEY, digest TEXT NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE moments (key TEXT PRIMARY KEY, created TEXT NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version=1;
COMMIT;
"""


def open_database(path: str) -> sqlite3.Connection:
    """The database, with its tables; it is made if it is missing. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # whole after a power cut, if not up to date
        if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
            connection.executescript(TABLES)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def expendable(path: str) -> Iterator[None]:
    """As `translated`; of damage it says what to do about this file."""
    with translated(path):
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & PRIMARY not in DAMAGE:
                raise
            raise DataLoss(
                f"{path!r} is damaged ({error}): remove it; builds only take longer then"
            ) from error
