"""`Underway`: work on tasks that are not there yet, or not any more, by namespace and id."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

    Key = tuple[str, str]

T = TypeVar("T")


class Underway:
    """Of one kind: making, taking back, removing. It runs in tasks of its own, whoever waits for it."""

    def __init__(self) -> None:
        self._work: dict[Key, asyncio.Task[Any]] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._work

    def begin(self, key: Key, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Begins it. There is no other one under that name."""
        begun = self._work[key] = asyncio.get_running_loop().create_task(work)
        begun.add_done_callback(lambda _: self._work.pop(key))
        return begun

    def of(self, key: Key) -> asyncio.Task[Any] | None:
        """What is under way under that name; None: nothing."""
        return self._work.get(key)

    async def ended(self, key: Key) -> None:
        """Returns when there is nothing under way under that name."""
        while work := self._work.get(key):
            await asyncio.wait([work])

    async def all_ended(self, seconds: float | None = None) -> int:
        """Waits for all of it; returns how much goes on still, after so many seconds."""
        if not self._work:
            return 0
        _, late = await asyncio.wait(self._work.values(), timeout=seconds)
        return len(late)

    def give_up(self, work: asyncio.Task[Any] | None = None) -> None:
        """Cancels one, or all; what is undoing already what it has made is not disturbed."""
        for each in (work,) if work is not None else tuple(self._work.values()):
            each.add_done_callback(_heard)
            if not each.cancelling():
                each.cancel()


def _heard(work: asyncio.Task[Any]) -> None:
    if not work.cancelled():
        work.exception()  # who has asked is gone
