"""`Database`: the SQLite file, opened for each thread, with transactions that several processes may try at once.

Source: SQLite's documentation: "Write-Ahead Logging", "PRAGMA synchronous", "Result and Error Codes".
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from contextlib import contextmanager

from tiffin.image.errors import DataLoss
from tiffin.image.metadata.failures import is_full, translated
from tiffin.image.metadata.opening import open_read_only, prepare
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAIT = 60.0


class _Opened(threading.local):
    """A thread's connection. process: who opened it, for SQLite must not be carried over a fork.

    full: the disk was when it was opened: it is good for one look.
    """

    connection: sqlite3.Connection | None = None
    process: int = 0
    full: bool = False


class _Held(Record):
    """A connection, and who uses it."""

    process: int
    thread: threading.Thread
    connection: sqlite3.Connection


class Database:
    """The metadata of one store.

    Every transaction that returned is on the disk (synchronous=FULL); one that was killed never was.

    Args:
        path: the file; it is made if it is missing. Its folder must be there.
        now: the time, in nanoseconds since 1970.
        wait: how long to wait for another writer, in seconds.

    Raises:
        Unsupported: a newer Tiffin made it. DataLoss: it is damaged. OSError: as the disk says.
    """

    def __init__(self, path: str, *, now: Callable[[], int] = time.time_ns, wait: float = WAIT) -> None:
        self.path = path
        self.now = now
        self._wait = wait
        self._opened = _Opened()
        self._left: list[_Held] = []
        self._all: list[_Held] = []
        with translated(path):
            self._connection()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of all tables."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that excludes every other writer, from its first line on.

        Raises:
            Unavailable: another process kept on writing for too long. OSError: the disk is full, or read-only.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with translated(self.path):
            connection = self._connection()
            if self._opened.full and begin != "BEGIN":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def check(self) -> list[str]:
        """What SQLite finds wrong in its own file; nothing, as a rule."""
        try:
            with self.reading() as connection:
                found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
                found += [
                    f"{row[0]}: a row refers to nothing"
                    for row in connection.execute("PRAGMA foreign_key_check")
                ]
        except DataLoss as damage:
            return [str(damage)]
        return [line for line in found if line != "ok"]

    def close(self) -> None:
        """Closes the connections of all threads of this process; the next transaction opens one again."""
        if self._opened.process == os.getpid():
            for held in self._all:
                held.connection.close()
            self._all.clear()
            self._opened = _Opened()

    def _connection(self) -> sqlite3.Connection:
        opened = self._opened
        if opened.full and opened.connection is not None and opened.process == os.getpid():
            opened.connection.close()
            opened.connection = None
        if opened.connection is None or opened.process != os.getpid():
            if opened.connection is not None:
                self._left += self._all  # kept unused: closing it here would touch the parent's locks
                self._all = []
            self._close_unused()
            opened.connection = self._open()
            opened.process = os.getpid()
            self._all.append(_Held(opened.process, threading.current_thread(), opened.connection))
        return opened.connection

    def _close_unused(self) -> None:
        """Closes the connections of threads that have ended: each holds three files open."""
        for held in tuple(self._all):
            if held.process == os.getpid() and not held.thread.is_alive():
                try:
                    self._all.remove(held)
                except ValueError:  # another thread closes it
                    continue
                held.connection.close()

    def _open(self) -> sqlite3.Connection:
        self._opened.full = False
        connection = sqlite3.connect(
            self.path, timeout=self._wait, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            prepare(connection, self.path)
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.OperationalError as error:
            connection.close()
            full = is_full(error, self.path)
            connection = open_read_only(self.path, error, full=full)
            self._opened.full = full
        except BaseException:
            connection.close()
            raise
        return connection
