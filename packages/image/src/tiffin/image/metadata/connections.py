"""`Connections`: those to one SQLite file, for whichever thread needs one next.

A thread has none of its own: each holds three files open, the schema, and a cache of pages.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

KEPT = 4  # that nobody uses


class Opened:
    """A connection.

    process: who opened it. once: it is good for one look (`open_read_only`).
    """

    __slots__ = ("connection", "once", "process")

    def __init__(self, connection: sqlite3.Connection, *, once: bool) -> None:
        self.connection = connection
        self.once = once
        self.process = os.getpid()


class Connections:
    """The one that was used last is used next, so that there are as many as are used at the same time.

    Threads may call all of it at once: each step is one operation of a list or a set.

    Args:
        open_another: opens one.
    """

    def __init__(self, open_another: Callable[[], Opened]) -> None:
        self._open = open_another
        self._process = os.getpid()
        self._idle: list[Opened] = []
        self._used: set[Opened] = set()
        self._of_parents: list[Opened] = []  # for ever: to close one would touch the locks of who opened it

    def take(self) -> Opened:
        """One that nobody else uses until it is given back; raises what opening does."""
        if self._process != os.getpid():
            self._leave_to_parent()
        try:
            taken = self._idle.pop()
        except IndexError:
            taken = self._open()
        self._used.add(taken)
        return taken

    def give_back(self, taken: Opened) -> None:
        """Keeps it for the next one, or closes it."""
        if taken.process != os.getpid():
            return
        try:
            self._used.remove(taken)
        except KeyError:  # `close` was called meanwhile
            taken.connection.close()
            return
        # a transaction that could not even be undone would be in everybody's way
        if taken.once or taken.connection.in_transaction or len(self._idle) >= KEPT:
            taken.connection.close()
        else:
            self._idle.append(taken)

    def close(self) -> None:
        """Closes all of this process; those that are used, when they are given back."""
        if self._process != os.getpid():
            self._leave_to_parent()
        self._used.clear()
        while self._idle:
            self._idle.pop().connection.close()

    def _leave_to_parent(self) -> None:
        """After a fork: SQLite's connections must not be used by a child, and not be closed by it."""
        self._of_parents += [*self._idle, *self._used]
        self._idle, self._used = [], set()
        self._process = os.getpid()
