"""`collect`: mark and sweep of everything that the database knows, then of the files that nothing knows.

Safe against writers in other processes, and in their way for short: what is garbage is found in a transaction that
reads; then some rows at a time go in one that excludes all writers, if nobody has written in between, else it is
found again. A file is removed only under the same lock, after looking again. Who wants to keep what has no name yet
takes a lease.
"""

from __future__ import annotations

import time

from tiffin.image.collection.sweep import Marked, mark, sweep, version
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from tiffin.image.collection.references import Node
    from tiffin.image.metadata.database import Database

    class Cleanable(Protocol):
        """A content store or a snapshotter."""

        def cleanup(self) -> None:
            """Removes the files that the database does not know."""
            ...


AT_ONCE = 1000  # rows that go in one transaction
ATTEMPTS = 3  # to find garbage beside writers, before they are made to wait for it


class Collected(Record):
    """What a collection removed, and how many leases had ended. kept: how much is still there.

    pause: seconds that writers had to wait for it at most, at one time. looking: seconds that all of it took but files.
    """

    removed: tuple[Node, ...]
    leases: int
    kept: int
    pause: float = 0.0
    looking: float = 0.0


def collect(database: Database, stores: Iterable[Cleanable], *, roots: Iterable[Node] = ()) -> Collected:
    """Collects garbage in all namespaces.

    Args:
        database: of the store.
        stores: the content store, and every snapshotter that the store has.
        roots: what else must stay, for example the snapshots of containers.

    Raises:
        Unavailable, OSError: as the database and the disk say; what is not removed then is the next time.
    """
    rows = _Rows(database, tuple(roots))
    found = rows.collect()
    for store in stores:
        store.cleanup()
    return found


class _Rows:
    """One collection of rows."""

    def __init__(self, database: Database, roots: tuple[Node, ...]) -> None:
        self._database = database
        self._roots = roots
        self._removed: list[Node] = []
        self._leases = 0
        self._pause = 0.0

    def collect(self) -> Collected:
        """Marks and sweeps until nothing is left."""
        began, attempt = time.perf_counter(), 0
        while True:
            attempt += 1
            with self._database.reading() as connection:
                marked = mark(connection, self._database.now(), self._roots)
            while marked.garbage or marked.leases:
                rest = self._sweep(marked, again=attempt >= ATTEMPTS)
                if rest is None:
                    break
                marked = rest
            else:
                looking = time.perf_counter() - began
                return Collected(tuple(self._removed), self._leases, marked.kept, self._pause, looking)

    def _sweep(self, marked: Marked, *, again: bool) -> Marked | None:
        """Removes some of the garbage; what is left of it. None: somebody has written, it must be found again.

        again: it is, under the lock.
        """
        with self._database.writing() as connection:
            began = time.perf_counter()
            if version(connection) != marked.version:
                if not again:
                    return None
                marked = mark(connection, self._database.now(), self._roots)
            now, later = marked.garbage[:AT_ONCE], marked.garbage[AT_ONCE:]
            sweep(connection, now, marked.leases)
        self._pause = max(self._pause, time.perf_counter() - began)
        self._removed += now
        self._leases += len(marked.leases)
        return marked.replace(garbage=later, leases=())
