"""`Stop`: tells a thread that nobody wants its result any more."""

from __future__ import annotations

import os
from concurrent.futures import FIRST_COMPLETED, Future, wait

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
        self._told: Future[None] = Future()

    def set(self) -> None:
        """The thread stops as soon as it comes to where it waits."""
        if self.descriptor >= 0:
            os.eventfd_write(self.descriptor, 1)
        self._told.set_result(None)

    def check(self) -> None:
        """Raises TimedOut if the thread is to stop."""
        if self._told.done():
            raise TimedOut("it was given up")

    def result(self, future: Future[T]) -> T:
        """Waits for what the event loop does for the thread; that goes on if the thread is to stop, by TimedOut."""
        either: tuple[Future[Any], ...] = (future, self._told)
        wait(either, return_when=FIRST_COMPLETED)
        self.check()
        return future.result()

    def close(self) -> None:
        """The thread has ended."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1
