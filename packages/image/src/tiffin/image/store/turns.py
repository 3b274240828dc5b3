"""`Turns`: the threads of one piece of work, of which a bounded number goes on at a time, the lowest number first.

Who must wait for another one gives its turn up meanwhile, so that waiting holds nobody up.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TypeVar

from tiffin.image.attentive import NOTICE
from tiffin.image.errors import Stopped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")


class Turns:
    """Args: most: how many at a time."""

    def __init__(self, most: int) -> None:
        self._free = most
        self._asking: set[int] = set()
        self._changed = threading.Condition()
        self._stopped = False

    @contextmanager
    def turn(self, number: int) -> Iterator[None]:
        """The block goes on once it is its turn. number: whose it is, no other block has it. Raises Stopped."""
        with self._changed:
            self._take(number)
        try:
            yield
        finally:
            with self._changed:
                self._give_back()

    def wait_for(self, number: int, look: Callable[[], T | None]) -> T:
        """What `look` finds, in a turn that is given up while it finds nothing.

        Args:
            number: whose turn it is. look: asked after each `changing`, by one thread at a time.

        Raises:
            Stopped: `stop` was called first.
        """
        with self._changed:
            found = look()
            if found is None:
                self._give_back()
                found = self._wait(look)
                self._take(number)
        return found

    def look(self, look: Callable[[], T | None], seconds: float | None = None) -> T | None:
        """What `look` finds now, or after the next change, or after a while; for who has no turn. Raises Stopped."""
        with self._changed:
            self.check()
            found = look()
            if found is None:
                self._changed.wait(NOTICE if seconds is None else seconds)
                self.check()
                found = look()
        return found

    @contextmanager
    def changing(self) -> Iterator[None]:
        """What others may wait for changes in the block, for all of them at once."""
        with self._changed:
            yield
            self._changed.notify_all()

    def stop(self) -> None:
        """Ends all: whoever waits or asks gets Stopped."""
        with self.changing():
            self._stopped = True

    def check(self) -> None:
        """Raises Stopped."""
        if self._stopped:
            raise Stopped("given up: another layer could not be unpacked")

    def _wait(self, look: Callable[[], T | None]) -> T:
        while True:
            self.check()
            found = look()
            if found is not None:
                return found
            self._changed.wait(NOTICE)

    def _take(self, number: int) -> None:
        """Waits for a turn. After a stop nobody counts them any more."""
        self._asking.add(number)
        try:
            self._wait(lambda: (self._free > 0 and min(self._asking) == number) or None)
        finally:
            self._asking.remove(number)
        self._free -= 1
        self._changed.notify_all()

    def _give_back(self) -> None:
        self._free += 1
        self._changed.notify_all()
