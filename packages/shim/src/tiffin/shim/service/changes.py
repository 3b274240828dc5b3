"""`Changes`: requests that change something are finished even when their callers go away.

A containerd that is killed while it creates a container finds it created when it comes back, and never half of it.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    T = TypeVar("T")

logger = logging.getLogger("tiffin.shim.service")


class Changes:
    """All that are at work in one shim."""

    def __init__(self) -> None:
        self._working: set[asyncio.Task[Any]] = set()
        self._when_none: list[Callable[[], None]] = []

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Work that nobody has asked for."""
        task = asyncio.ensure_future(work)
        self._working.add(task)
        task.add_done_callback(self._ended)
        return task

    async def finished(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of work that goes on if this call is cancelled; then its failure is logged."""
        task = self.begin(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(partial(_log_failure, getattr(work, "__name__", "a request")))
            raise

    def when_none(self, then: Callable[[], None]) -> None:
        """Calls once, in the event loop, as soon as nothing is being changed; now, if that is so."""
        if self._working:
            self._when_none.append(then)
        else:
            then()

    async def settle(self) -> None:
        """Returns when nothing is being changed."""
        while self._working:
            await asyncio.wait(self._working)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._working.discard(task)
        if not self._working:
            calls, self._when_none = self._when_none, []
            for call in calls:
                call()


def _log_failure(what: str, task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.warning("%s has failed, and its caller has gone: %s", what, error)
