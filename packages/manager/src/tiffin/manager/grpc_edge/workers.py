"""`Workers`: the threads that the blocking work of all services shares, so that no call waits in the event loop.

Two pools: what takes microseconds must not wait for what takes minutes (unpacking a layer).
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator
    from typing import Self

P = ParamSpec("P")
T = TypeVar("T")

QUICK, SLOW = 16, 32  # started when they are needed


class Workers:
    """Use it in a `with` statement, or `end` it in the event loop.

    Args:
        quick: how many threads for what is done at once. slow: for what may take long.
    """

    def __init__(self, quick: int = QUICK, slow: int = SLOW) -> None:
        self._quick = ThreadPoolExecutor(quick, "tiffin-call")
        self._slow = ThreadPoolExecutor(slow, "tiffin-slow")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Waits for the work that has begun; what has not never does."""
        self._quick.shutdown(cancel_futures=True)
        self._slow.shutdown(cancel_futures=True)

    async def end(self) -> None:
        """The same, while the event loop goes on: what has begun may wait for something in it."""
        await asyncio.to_thread(self.close)

    async def run(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Runs what is done at once. Who is cancelled meanwhile is so when it has ended: nothing runs on unseen."""
        return await _ended(self._quick, lambda: work(*args, **named))

    async def run_slowly(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """The same for what may take long."""
        return await _ended(self._slow, lambda: work(*args, **named))

    async def step(self, items: Iterator[T]) -> AsyncGenerator[T, None]:
        """What an iterator yields: each step is a piece of work, so that a reader who is slow holds no thread.

        The steps may run in different threads, one after the other. A generator is closed at the end.
        """
        try:
            while True:
                found = await self.run(_next, items)
                if not found:
                    return
                yield found[0]
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                await self.run(close)


def _next(items: Iterator[T]) -> tuple[T, ...]:
    """The next item; nothing at the end: StopIteration cannot pass through a future."""
    for item in items:
        return (item,)
    return ()


async def _ended(pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    future = asyncio.get_running_loop().run_in_executor(pool, work)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            with suppress(asyncio.CancelledError):  # the first one is told below
                await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # nobody is there any more to hear of it
        raise
