"""Tasks that only note what they are asked, and answer what a test has told them."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from tiffin.shim.tasks.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable


class FakeTasks:
    """Has every method of `Tasks` that the service calls, with the same arguments.

    answers: by method; an exception is raised. may_answer: they wait for it.
    """

    def __init__(self, **answers: Any) -> None:
        self.called: list[tuple[Any, ...]] = []
        self.answers = answers
        self.held: set[str] = set()
        self.may_answer = asyncio.Event()
        self.began = asyncio.Event()
        self.cancelled: list[str] = []
        self._another = asyncio.Condition()

    def containers(self) -> list[str]:
        return list(self.answers.get("containers", ()))

    async def asked(self, name: str, times: int) -> None:
        """Returns when a method has been called so often."""
        async with self._another:
            await self._another.wait_for(lambda: [call[0] for call in self.called].count(name) >= times)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def answer(*arguments: Any, **named: Any) -> Any:
            inspect.signature(getattr(Tasks, name)).bind(self, *arguments, **named)
            self.called.append((name, *arguments, *named.items()))
            async with self._another:
                self._another.notify_all()
            if name in self.held:
                self.began.set()
                try:
                    await self.may_answer.wait()
                except asyncio.CancelledError:
                    self.cancelled.append(name)
                    raise
            found = self.answers.get(name)
            if isinstance(found, Exception):
                raise found
            return found

        return answer
