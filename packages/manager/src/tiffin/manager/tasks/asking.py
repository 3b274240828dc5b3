"""`Asking`: every question to what a task runs on has a bound, and what hangs can be told."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from tiffin.runtime.errors import TimedOut
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Awaitable

T = TypeVar("T")


class Question(Record):
    """What was asked, and since when: seconds of time.monotonic()."""

    stage: str
    since: float

    def __str__(self) -> str:
        return f"{self.stage} since {time.monotonic() - self.since:.1f} s"


class Asking:
    """Of one task. `unanswered` are the questions that wait, and those that were given up since the last answer."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._waiting: dict[int, Question] = {}
        self._given_up: dict[str, Question] = {}
        self._number = 0

    async def ask(self, stage: str, seconds: float | None, answer: Awaitable[T]) -> T:
        """Waits for an answer. Raises TimedOut, with what else hangs; and what the answer raises."""
        self._number += 1
        number, question = self._number, Question(stage, time.monotonic())
        self._waiting[number] = question
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                result = await answer
        except TimeoutError as error:
            if not limit.expired():
                raise
            self._given_up.setdefault(stage, question)
            raise TimedOut(f"{self._what}: no answer in {seconds:g} s ({self.text()})") from error
        finally:
            del self._waiting[number]
        self._given_up.clear()
        return result

    def give_up(self, stage: str, since: float) -> None:
        """A question that somebody else asks has had its time."""
        self._given_up.setdefault(stage, Question(stage, since))

    def answered(self) -> None:
        """It has answered after all."""
        self._given_up.clear()

    @property
    def unanswered(self) -> tuple[Question, ...]:
        """The oldest first."""
        return tuple(sorted((*self._given_up.values(), *self._waiting.values()), key=lambda each: each.since))

    def text(self) -> str:
        """The same in words."""
        return ", ".join(str(question) for question in self.unanswered)
