"""`Threads`: work that blocks, in threads that are used again; few at a time, but one that hangs holds up no other."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

T = TypeVar("T")

PLACES = 16  # more threads than that only take the interpreter's lock from each other
HANGS_SECONDS = 2.0


class Threads:
    """Daemon threads, so that one that hangs in the kernel does not keep the process from ending.

    Used in one event loop.

    Args:
        places: how many work at a time.
        hangs: seconds after which a call does not count among them any more; it goes on.
    """

    def __init__(self, *, places: int = PLACES, hangs: float = HANGS_SECONDS) -> None:
        self._free = places
        self._hangs = hangs
        self._waiting: deque[Job[Any]] = deque()
        self._jobs: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self._idle = 0
        self._count = 0
        self._closed = False

    def submit(self, work: Callable[[], T]) -> Job[T]:
        """Has a thread do it, as soon as there is a place."""
        if self._closed:
            raise RuntimeError("the threads are closed")
        job = Job(self, work)
        if self._free:
            self.begin(job)
        else:
            self._waiting.append(job)
        return job

    def begin(self, job: Job[Any]) -> None:
        """Gives the job its place, and a thread."""
        self._free -= 1
        job.timer = job.loop.call_later(self._hangs, self.leave, job)
        self._jobs.put(job)
        if self._idle:
            self._idle -= 1
            return
        self._count += 1
        threading.Thread(target=self._serve, name=f"runtime-{self._count}", daemon=True).start()

    def leave(self, job: Job[Any]) -> None:
        """Takes its place from a job that has ended, or that hangs; once more is no error."""
        if job.timer is None:
            return
        job.timer.cancel()
        job.timer = None
        self._free += 1
        if self._waiting:
            self.begin(self._waiting.popleft())

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            job.run()
            self._idle += 1  # under the interpreter's lock; one too few only makes a thread more

    def close(self) -> None:
        """Ends the threads that have nothing to do, and the others after their work."""
        self._closed = True
        for _ in range(self._count):
            self._jobs.put(None)


class Job(Generic[T]):
    """One call. result: in the event loop; whoever cancels it sees to the end of the work, by `wait`."""

    def __init__(self, threads: Threads, work: Callable[[], T]) -> None:
        self.loop = asyncio.get_running_loop()
        self.result: asyncio.Future[T] = self.loop.create_future()
        self.timer: asyncio.TimerHandle | None = None
        self._threads = threads
        self._work = work
        self._succeeded: bool | None = None
        self._value: T | None = None
        self._waited: asyncio.Event | None = None

    def run(self) -> None:
        """Does the work; in the thread."""
        value, error = None, None
        try:
            value = self._work()
        except BaseException as raised:  # noqa: BLE001  # raised again, in the event loop
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self.loop.call_soon_threadsafe(self._ended, value, error)

    def _ended(self, value: T | None, error: BaseException | None) -> None:
        self._succeeded, self._value = error is None, value
        self._threads.leave(self)
        if self._waited is not None:
            self._waited.set()
        if self.result.done():
            return  # it was cancelled
        if error is not None:
            self.result.set_exception(error)
        else:
            self.result.set_result(value)  # type: ignore[arg-type]  # a T, where there is no error

    def value(self) -> T:
        """What the work returned, if it has succeeded, though its result was cancelled."""
        return self._value  # type: ignore[return-value]

    async def wait(self, seconds: float) -> bool:
        """Waits for the end of the work, though its result was cancelled; whether it had succeeded by then."""
        if self._succeeded is None:
            self._waited = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._waited.wait(), seconds)
        return self._succeeded is True
