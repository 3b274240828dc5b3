"""`undone`: what was made is undone if a later step fails; `to_the_end`: whoever is cancelled meanwhile.

A client may go, and a time limit may be over, while something is undone that has failed by itself: half of that would
be worse than none, for with the bundle goes all that is known of the rest.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

T = TypeVar("T")


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
    running = asyncio.get_running_loop().create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        running.exception()  # looked at: it is the cancellation that is told
        raise cancelled
    return running.result()
