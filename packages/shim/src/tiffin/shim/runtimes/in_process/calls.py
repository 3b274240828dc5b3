"""One call of the executor: in a thread, for as long as its limit says, with the errors of the port."""

from __future__ import annotations

import asyncio

from tiffin.runtime.errors import RuntimeFailure, TimedOut

from .failures import failure_of
from .stopping import Stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .threads import Threads

    T = TypeVar("T")

GIVE_UP_SECONDS = 15.0  # for a thread that was told to stop; one that hangs in the kernel is left to itself


async def run(
    threads: Threads,
    verb: str,
    identifier: str,
    seconds: float,
    work: Callable[[Stop], T],
) -> T:
    """Runs it to its end; when the time is up, or the call is cancelled, the work is told to stop and waited for.

    A call that is cancelled may have done its work before it heard.

    Args:
        verb: of the command line, for errors.
        seconds: the limit.

    Raises:
        TimedOut: the time was up, and it had not succeeded by then. Else as `failure_of` has it.
    """
    stop = Stop()
    running = asyncio.ensure_future(threads.run(lambda: work(stop)))
    running.add_done_callback(lambda done: _ended(done, stop))
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.shield(running)
    except TimeoutError:
        if await _succeeded(running, stop):
            return running.result()
        raise TimedOut(f"OCI runtime {verb} of {identifier} hangs: it did not end in {seconds:g} s") from None
    except asyncio.CancelledError:
        await _succeeded(running, stop)
        raise
    except (RuntimeFailure, OSError) as error:
        reason = stop.reason if isinstance(stop.reason, RuntimeFailure) else None
        raise failure_of(verb, reason or error) from error


async def _succeeded(running: asyncio.Future[T], stop: Stop) -> bool:
    """Tells it to stop, and waits; whether it had done its work before it heard."""
    stop.set()
    await asyncio.wait([running], timeout=GIVE_UP_SECONDS)
    return running.done() and running.exception() is None


def _ended(running: asyncio.Future[T], stop: Stop) -> None:
    running.exception()  # looked at, though nobody may wait for it any more
    stop.close()
