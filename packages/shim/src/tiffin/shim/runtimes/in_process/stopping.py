"""`Stop`: tells a thread that nobody wants its result any more."""

from __future__ import annotations

import os
from concurrent.futures import FIRST_COMPLETED, Future, wait
from threading import Lock

from tiffin.runtime.errors import TimedOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")


class Stop:
    """Made and set in the event loop, looked at in a thread.

    descriptor: becomes readable by `set`; for what waits in the kernel.
    """

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_CLOEXEC)
        self._told: Future[Exception] = Future()
        self._closing = Lock()

    def set(self, error: Exception | None = None) -> None:
        """The thread stops as soon as it comes to where it waits; the first reason is the one that `check` raises."""
        if self._told.done():
            return
        self._told.set_result(error or TimedOut("it was given up"))
        with self._closing:
            if self.descriptor >= 0:
                os.eventfd_write(self.descriptor, 1)

    @property
    def reason(self) -> Exception | None:
        """Why the thread is to stop; None if it is not."""
        return self._told.result() if self._told.done() else None

    def check(self) -> None:
        """Raises the reason, TimedOut as a rule, if the thread is to stop."""
        if self._told.done():
            raise self._told.result()

    def result(self, future: Future[T]) -> T:
        """Waits for what the event loop does for the thread; that goes on if the thread is to stop, by TimedOut."""
        either: tuple[Future[Any], ...] = (future, self._told)
        wait(either, return_when=FIRST_COMPLETED)
        self.check()
        return future.result()

    def close(self) -> None:
        """The thread has nothing more to wait for."""
        with self._closing:
            os.close(self.descriptor)
            self.descriptor = -1
