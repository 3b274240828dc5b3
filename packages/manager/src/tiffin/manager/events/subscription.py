"""`Subscription`: reads events from an exchange, at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from tiffin.manager.events.envelope import Envelope
from tiffin.manager.events.lost import EventsLost

if TYPE_CHECKING:
    from typing import Self

    from tiffin.manager.events.recent import Recent

Matches = Callable[[Envelope], bool]
TURN = 256  # so many events are looked at before others have their turn


class Subscription:
    """An async iterator of the events that match, from a number on. Made by `Exchange.subscribe`.

    It holds its place in the exchange's ring, and no event. One that reads too slowly gets EventsLost where the events
    are that it missed, and goes on with the oldest that is left when it is read again. Belongs to one event loop.
    """

    def __init__(self, recent: Recent, matches: Matches | None, start: int) -> None:
        self._recent = recent
        self._matches = matches
        self._place = start
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._told = False
        self._closed = False

    @property
    def position(self) -> int:
        """The number of the event that is looked at next."""
        return self._place

    def wake(self) -> None:
        """There is an event. Called by the exchange from any thread."""
        if not self._told:
            self._told = True
            with suppress(RuntimeError):  # its loop was closed, and it was not: nobody waits
                self._loop.call_soon_threadsafe(self._news.set)

    def close(self) -> None:
        """Ends it: who waits for an event gets StopAsyncIteration."""
        self._closed = True
        self._news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Envelope:
        """The next event. Raises EventsLost."""
        for looked in range(1, 1 << 62):
            if (found := self.take()) is not None:
                return found
            if self._place >= self._recent.next:
                await self._wait()
            elif looked % TURN == 0:
                await asyncio.sleep(0)
            if self._closed:
                break
        raise StopAsyncIteration

    def take(self) -> Envelope | None:
        """Looks at one event, if there is one: it, or None if it does not match. Never waits. Raises EventsLost."""
        envelope = self._recent.get(self._place)
        if envelope is None:
            if self._place < self._recent.first:
                first, self._place = self._place, self._recent.first
                raise EventsLost(first, self._place)
            return None
        self._place += 1
        return envelope if self._matches is None or self._matches(envelope) else None

    async def _wait(self) -> None:
        self._told = False  # from here on an event wakes us; one that came before is seen by its number
        self._news.clear()
        if self._place >= self._recent.next and not self._closed:
            await self._news.wait()
