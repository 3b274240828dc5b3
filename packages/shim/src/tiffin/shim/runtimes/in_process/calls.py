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

    from .threads import Job, Threads

    T = TypeVar("T")

GIVE_UP_SECONDS = 15.0  # for a thread that was told to stop; one that hangs in the kernel is left to itself


async def run(
    threads: Threads,
    verb: str,
    identifier: str,
    seconds: float,
    work: Callable[[Stop], T],
    *,
    is_known: Callable[[], bool],
) -> T:
    """Runs it to its end; when the time is up, or the call is cancelled, the work is told to stop and waited for.

    A call that is cancelled may have done its work before it heard.

    Args:
        verb: of the command line, for errors.
        seconds: the limit.
        is_known: whether there is such a container.

    Raises:
        TimedOut: the time was up, and it had not succeeded by then. Else as `failure_of` has it.
    """
    stop = Stop()
    job = threads.submit(lambda: _do(work, stop))
    try:
        async with asyncio.timeout(seconds):
            return await job.result
    except TimeoutError:
        if await _given_up(job, stop):
            return job.value()
        raise TimedOut(f"OCI runtime {verb} of {identifier} hangs: it did not end in {seconds:g} s") from None
    except asyncio.CancelledError:
        await _given_up(job, stop)
        raise
    except (RuntimeFailure, OSError) as error:
        reason = stop.reason if isinstance(stop.reason, RuntimeFailure) else None
        raise failure_of(verb, reason or error, known=is_known()) from error


def _do(work: Callable[[Stop], T], stop: Stop) -> T:
    try:
        stop.check()
        return work(stop)
    finally:
        stop.close()


async def _given_up(job: Job[T], stop: Stop) -> bool:
    """Tells it to stop, and waits; whether it had done its work before it heard."""
    stop.set()
    return await job.wait(GIVE_UP_SECONDS)
