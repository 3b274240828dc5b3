"""`undone`: what was made is undone if a later step fails; `to_the_end`: whoever is cancelled meanwhile.

A client may go, and a time limit may be over, while something is undone that has failed by itself: half of that would
be worse than none, for with the bundle goes all that is known of the rest.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

T = TypeVar("T")
PATIENCE = 30.0  # seconds for what goes on when nobody waits for it; what the kernel holds then is left


@asynccontextmanager
async def undone() -> AsyncIterator[AsyncExitStack]:
    """If the block fails, or is cancelled, what was pushed is called, to its end; if it succeeds, nothing is."""
    steps = AsyncExitStack()
    try:
        yield steps
    except BaseException:
        await to_the_end(steps.aclose())
        raise


async def to_the_end(work: Coroutine[None, None, T]) -> T:
    """Runs it. Who is cancelled meanwhile, however often, is so when it has ended. Raises what it raises."""
    loop = asyncio.get_running_loop()
    running = loop.create_task(work)
    end, cancelled = None, asyncio.CancelledError()
    while not running.done():
        try:
            await asyncio.wait([running], timeout=None if end is None else end - loop.time())
        except asyncio.CancelledError as error:
            end, cancelled = end or loop.time() + PATIENCE, error
        if end is not None and loop.time() >= end:
            running.cancel()
            break
    if end is None:
        return running.result()
    running.add_done_callback(_heard)
    raise cancelled


def _heard(ended: asyncio.Task[Any]) -> None:
    if not ended.cancelled():
        ended.exception()  # it is the cancellation that is told
