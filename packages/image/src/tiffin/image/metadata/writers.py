"""`Writers`: the threads of this process that write to a database wait for each other here, not in SQLite.

SQLite's own waiting is for other processes: it sleeps and tries again, up to 0.1 s at a time, in no order.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager

from tiffin.image.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Writers:
    """One at a time.

    Args:
        path: of the database, for errors. wait: how long to wait for the others, in seconds.
    """

    def __init__(self, path: str, wait: float) -> None:
        self._path = path
        self._wait = wait
        self._process = os.getpid()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Excludes the other threads. Raises Unavailable when they took too long."""
        if self._process != os.getpid():  # a thread that held it at the fork is not in the child
            self._process, self._lock = os.getpid(), threading.Lock()
        lock = self._lock
        if not lock.acquire(timeout=self._wait):
            raise Unavailable(f"{self._path!r} is being written by another thread, and was for too long")
        try:
            yield
        finally:
            lock.release()
