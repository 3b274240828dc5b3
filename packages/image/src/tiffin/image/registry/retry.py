"""When a request is tried again, and after how long: exponential back-off with jitter, under a limit in all."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from random import SystemRandom
from typing import Protocol

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.errors import ImageFailure

PROGRESS = 64 * 1024  # bytes: a server that cuts more often than this is broken, and not only the line to it


class Clock(Protocol):
    """Time and chance, so that tests need neither. All times are in seconds."""

    def monotonic(self) -> float:
        """Never goes back."""
        ...

    def time(self) -> float:
        """Since 1970."""
        ...

    def sleep(self, seconds: float) -> None: ...

    def random(self) -> float:
        """From 0 to 1."""
        ...


class SystemClock:
    """The real one."""

    def __init__(self) -> None:
        self._random = SystemRandom()

    def monotonic(self) -> float:
        return time.monotonic()

    def time(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def random(self) -> float:
        return self._random.random()


class RetryPolicy(Record):
    """attempts: in a row without any progress. first, longest: seconds between two. total: seconds without progress."""

    attempts: int = 6
    first: float = 0.25
    longest: float = 15.0
    total: float = 180.0


class Attempts:
    """The attempts of one operation, in one thread."""

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._failed = 0
        self._begun = clock.monotonic()

    def progress(self) -> None:
        """Something was achieved: the count and the time begin again."""
        self._failed = 0
        self._begun = self._clock.monotonic()

    def wait(self, error: ImageFailure, after: float | None = None) -> None:
        """Waits until the operation may be tried again.

        Args:
            error: why it failed; it is raised if that was the last attempt.
            after: seconds that the server asked for (Retry-After), None if it did not.
        """
        self._failed += 1
        policy = self._policy
        longest = min(policy.longest, policy.first * 2 ** (self._failed - 1))
        # "equal jitter": never at once, and many clients never at the same time
        pause = longest / 2 + longest / 2 * self._clock.random()
        if after is not None:
            pause = after + pause * 0.1
        used = self._clock.monotonic() - self._begun
        if self._failed >= policy.attempts or used + pause > policy.total:
            error.add_note(f"tried {self._failed} times in {used:.1f} s")
            raise error
        self._clock.sleep(pause)


def retry_after(value: str | None, clock: Clock) -> float | None:
    """The seconds of a Retry-After header, which has seconds or a date (RFC 9110, 10.2.3); None if it says nothing."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, when.timestamp() - clock.time())
