"""`Stop`: tells a thread that nobody wants its result any more."""

from __future__ import annotations

import os

from tiffin.runtime.errors import TimedOut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from concurrent.futures import Future
    from typing import Any


class Stop:
    """Made and set in the event loop, looked at in a thread.

    descriptor: becomes readable by `set`; for what waits in the kernel.
    """

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_CLOEXEC)
        self._awaited: list[Future[Any]] = []
        self._set = False

    def set(self) -> None:
        """The thread stops as soon as it comes to where it waits."""
        self._set = True
        if self.descriptor >= 0:
            os.eventfd_write(self.descriptor, 1)
        for future in self._awaited:
            future.cancel()

    def awaits(self, future: Future[Any]) -> None:
        """The thread waits for this one, or will: it is cancelled if the thread is to stop."""
        self._awaited.append(future)
        if self._set:
            future.cancel()

    def check(self) -> None:
        """Raises TimedOut if the thread is to stop."""
        if self._set:
            raise TimedOut("it was given up")

    def close(self) -> None:
        """The thread has ended."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1
