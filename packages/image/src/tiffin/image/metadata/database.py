"""`Database`: the SQLite file, with transactions that several threads and processes may try at once.

Source: SQLite's documentation: "Write-Ahead Logging", "PRAGMA synchronous", "Result and Error Codes".
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from contextlib import contextmanager

from tiffin.image.errors import DataLoss
from tiffin.image.metadata.connections import Connections, Opened
from tiffin.image.metadata.failures import is_full, translated
from tiffin.image.metadata.opening import open_read_only, prepare
from tiffin.image.metadata.writers import Writers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WAIT = 60.0
CACHE = 512  # kB of pages in each connection; the kernel has them too


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
        self._connections = Connections(self._open)
        self._writers = Writers(path, wait)
        with translated(path):
            self._connections.give_back(self._connections.take())

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
        with self._writers.turn(), self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with translated(self.path):
            taken = self._connections.take()
            try:
                if taken.once and begin != "BEGIN":
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.path)
                with _ended_as_its_block(taken.connection, begin):
                    yield taken.connection
            finally:
                self._connections.give_back(taken)

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
        """Closes the connections of this process; the next transaction opens one again."""
        self._connections.close()

    def _open(self) -> Opened:
        connection = sqlite3.connect(
            self.path, timeout=self._wait, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute(f"PRAGMA cache_size={-CACHE}")
            prepare(connection, self.path)
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.OperationalError as error:
            connection.close()
            full = is_full(error, self.path)
            return Opened(open_read_only(self.path, error, full=full), once=full)
        except BaseException:
            connection.close()
            raise
        return Opened(connection, once=False)


@contextmanager
def _ended_as_its_block(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """A transaction that is kept if the block ends well, and undone if not."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
