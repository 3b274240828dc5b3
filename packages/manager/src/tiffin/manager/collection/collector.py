"""`Collector`: runs collections when they are due, one at a time, in a thread; and at once for who waits for one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiffin.image.errors import ImageFailure, Unavailable
from tiffin.manager.collection.schedule import Schedule
from tiffin.manager.observability.logs import TRACE

if TYPE_CHECKING:
    from tiffin.image.collection.collect import Collected
    from tiffin.manager.config.settings import Scheduler

LOG = logging.getLogger("tiffin.manager.collection")
Collect = Callable[[], "Collected"]
CLOSED = "garbage is not collected any more"


@dataclass(frozen=True, slots=True)
class Collection:
    """One that was made, or tried.

    seconds: how long it took. looking: without the removal of files, which is in nobody's way. pause: how long others
    could not write, at most at one time.
    """

    seconds: float
    looking: float = 0.0
    pause: float = 0.0
    removed: int = 0
    error: Exception | None = None


class Collector:
    """Made in the event loop; `running` does the work.

    Args:
        collect: makes one, in a thread of its own: who waits for a collection may have all others. Whatever it raises,
            it is tried again.
        settings: when.
    """

    def __init__(self, collect: Collect, settings: Scheduler) -> None:
        self._collect = collect
        self._thread = ThreadPoolExecutor(1, "tiffin-gc")
        self._schedule = Schedule(settings, time.monotonic())
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._waiting: list[asyncio.Future[Collection]] = []
        self._served: list[asyncio.Future[Collection]] = []  # by the one that runs
        self._listeners: list[Callable[[Collection], None]] = []
        self._closed = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Collects until the end of the block."""
        task = asyncio.create_task(self._run(), name="collection of garbage")
        try:
            yield
        finally:
            self._closed = True
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            for waiter in filter(lambda each: not each.done(), (*self._served, *self._waiting)):
                waiter.set_exception(Unavailable(CLOSED))
            await asyncio.to_thread(self._thread.shutdown)  # what has begun is ended

    def listen(self, listener: Callable[[Collection], None]) -> None:
        """Calls it, in the event loop, after each collection."""
        self._listeners.append(listener)

    def set(self, settings: Scheduler) -> None:
        """Other thresholds, from now on."""
        self._schedule.settings = settings
        self._news.set()

    def mutated(self, *, deletion: bool = False) -> None:
        """Something was changed, or removed, that may leave garbage. For the event loop."""
        self._schedule.mutated(time.monotonic(), deletion=deletion)
        self._news.set()

    async def collect(self) -> Collection:
        """Waits for a collection that begins after this call.

        Raises:
            ImageFailure, OSError: it could not be done; or whatever else `collect` has raised. Unavailable: the daemon
                stops.
        """
        if self._closed:
            raise Unavailable(CLOSED)
        waiter: asyncio.Future[Collection] = self._loop.create_future()
        self._waiting.append(waiter)
        self._schedule.trigger(time.monotonic())
        self._news.set()
        made = await waiter
        if made.error is not None:
            raise made.error
        return made

    def collect_from_thread(self) -> Collection:
        """The same, for a thread that is not the event loop's; it blocks."""
        return asyncio.run_coroutine_threadsafe(self.collect(), self._loop).result()

    async def _run(self) -> None:
        while True:
            due = self._schedule.due()
            now = time.monotonic()
            if due is not None and due <= now:
                await self._once()
                continue
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else due - now):
                    await self._news.wait()

    async def _once(self) -> None:
        self._served, self._waiting = self._waiting, []
        self._schedule.began()
        made = await self._made()
        now = time.monotonic()
        if made.error is None:
            self._schedule.ended(now, made.looking)
        else:
            self._schedule.failed(now)
        for waiter in self._served:
            if not waiter.done():  # who waited may have gone
                waiter.set_result(made)
        for listener in self._listeners:
            listener(made)

    async def _made(self) -> Collection:
        began = time.perf_counter()
        try:
            found = await self._loop.run_in_executor(self._thread, self._collect)
        except Exception as error:  # whatever it is, who waits is told, and the next one is made
            expected = isinstance(error, ImageFailure | OSError)
            LOG.warning(
                "garbage was not collected",
                extra={"fields": {"error": error}},
                exc_info=None if expected else error,
            )
            return Collection(time.perf_counter() - began, error=error)
        made = Collection(time.perf_counter() - began, found.looking, found.pause, len(found.removed))
        fields = {"seconds": made.seconds, "pause": made.pause, "removed": made.removed, "kept": found.kept}
        LOG.log(logging.DEBUG if made.removed else TRACE, "garbage collected", extra={"fields": fields})
        return made
