"""`Threads`: work that blocks, in threads that are used again; few at a time, but one that hangs holds up no other."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")
    Job = Callable[[], None]

PLACES = 16  # more threads than that only take the interpreter's lock from each other
HANGS_SECONDS = 2.0


class Threads:
    """Daemon threads, so that one that hangs in the kernel does not keep the process from ending.

    Args:
        places: how many work at a time.
        hangs: seconds after which a call does not count among them any more; it goes on.
    """

    def __init__(self, *, places: int = PLACES, hangs: float = HANGS_SECONDS) -> None:
        self._places = asyncio.Semaphore(places)
        self._hangs = hangs
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._idle = 0
        self._count = 0
        self._closed = False

    async def run(self, work: Callable[[], T]) -> T:
        """Runs it in a thread; returns what it returns, and raises what it raises.

        A call that is cancelled leaves the work running: whoever cancels sees to its end.
        """
        loop = asyncio.get_running_loop()
        await self._places.acquire()
        place = _Place(self._places)
        timer = loop.call_later(self._hangs, place.leave)
        done: asyncio.Future[T] = loop.create_future()

        def ended(result: T | None, error: BaseException | None) -> None:
            timer.cancel()
            place.leave()
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)  # type: ignore[arg-type]  # of type T where there is no error

        self._start(lambda: _do(work, loop, ended))
        return await done

    def _start(self, job: Job) -> None:
        if self._closed:
            raise RuntimeError("the threads are closed")
        self._jobs.put(job)
        if self._idle:
            self._idle -= 1
            return
        self._count += 1
        threading.Thread(target=self._serve, name=f"runtime-{self._count}", daemon=True).start()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            self._idle += 1  # under the interpreter's lock; one too few only makes a thread more

    def close(self) -> None:
        """Ends the threads that have nothing to do, and the others after their work."""
        self._closed = True
        for _ in range(self._count):
            self._jobs.put(None)


class _Place:
    """A place among those that work; left once."""

    def __init__(self, places: asyncio.Semaphore) -> None:
        self._places: asyncio.Semaphore | None = places

    def leave(self) -> None:
        places, self._places = self._places, None
        if places is not None:
            places.release()


def _do(
    work: Callable[[], T],
    loop: asyncio.AbstractEventLoop,
    ended: Callable[[T | None, BaseException | None], None],
) -> None:
    result, error = None, None
    try:
        result = work()
    except BaseException as raised:  # noqa: BLE001  # raised again, in the event loop
        error = raised
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(ended, result, error)
