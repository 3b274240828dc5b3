"""Bringing a database up to date, and opening one that cannot be written."""

from __future__ import annotations

import os
import sqlite3

from tiffin.image.errors import Unsupported
from tiffin.image.metadata.migrations import MIGRATIONS, statements
from tiffin.image.store.lock import acquire


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Runs the migrations that are missing; processes that do so at once wait for each other.

    Raises:
        Unsupported: if a newer version of the tables is there. sqlite3.Error: as SQLite says.
    """
    if _version(connection, path) == len(MIGRATIONS):
        return
    lock = acquire(
        path + ".lock"
    )  # the change to WAL needs the file alone, and SQLite does not wait for that
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")
        try:
            _migrate(connection, _version(connection, path))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    finally:
        if lock is not None:
            lock.release()


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        for statement in statements(script):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={number}")


def _version(connection: sqlite3.Connection, path: str) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        raise Unsupported(
            f"{path!r} has version {version} of its tables, this Tiffin knows {len(MIGRATIONS)}: use a newer one"
        )
    return version


def open_read_only(path: str, error: sqlite3.OperationalError, *, full: bool) -> sqlite3.Connection:
    """Opens a database on a read-only or a full disk.

    Args:
        path: the file. error: why it could not be opened. full: because the disk is; then who has opened it may read
            once, and must open it again: a process that finds room may write meanwhile.

    Raises `error` if neither is the matter, or it cannot be done.
    """
    writable = os.access(path, os.W_OK) and os.access(os.path.dirname(path), os.W_OK)
    log = path + "-wal"
    logged = os.path.exists(log) and os.path.getsize(log) > 0
    if not os.path.exists(path) or (writable and not full) or (full and logged):
        raise error
    # `immutable` looks at no log: right only if there is none, or an empty one
    mode = "mode=ro" if logged else "immutable=1"
    from urllib.parse import quote

    connection = sqlite3.connect(
        f"file:{quote(os.path.abspath(path))}?{mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        _version(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection
