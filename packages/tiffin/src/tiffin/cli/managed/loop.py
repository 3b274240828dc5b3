"""`Loop`: the event loop of one command, and a client in it, for plain functions."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Event
from typing import TYPE_CHECKING

from tiffin.cli.failure import CommandFailed
from tiffin.manager.client.client import Client
from tiffin.runtime.errors import NotFound, RuntimeFailure, Unavailable, Unsupported

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from typing import Self, TypeVar

    T = TypeVar("T")

PATIENCE = 2.0  # seconds for an answer that needs nothing


class Loop:
    """Use it in a `with` statement."""

    def __init__(self, address: str, namespace: str) -> None:
        self.address = address
        self.namespace = namespace
        self._runner = asyncio.Runner()
        self.client = self._runner.run(_connect(address, namespace))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self.client.close())
        self._runner.close()

    def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        """Runs something to its end. Raises CommandFailed for what the manager refused."""

        async def call() -> T:
            return await work(self.client)

        try:
            return self._runner.run(call())
        except RuntimeFailure as error:
            raise self._told(error) from error

    @contextmanager
    def beside(self, work: Callable[[Client], Awaitable[object]]) -> Iterator[int]:
        """Runs something in a thread; a descriptor that is readable once it has ended. No `run` in the block.

        It is cancelled at the end of the block. Raises CommandFailed then, for what the manager had refused.
        """
        begun, tasks = Event(), list[asyncio.Task[object] | None]()

        async def call(client: Client) -> None:
            tasks.append(asyncio.current_task())
            begun.set()
            await work(client)

        ended = os.eventfd(0, os.EFD_CLOEXEC)
        try:
            with ThreadPoolExecutor(1) as threads:
                running = threads.submit(self.run, call)
                running.add_done_callback(lambda _: os.eventfd_write(ended, 1))
                try:
                    yield ended
                finally:
                    begun.wait()
                    for task in filter(None, tasks):
                        self._runner.get_loop().call_soon_threadsafe(task.cancel)
        finally:
            os.close(ended)
        with suppress(asyncio.CancelledError):
            running.result()

    def each(self, items: AsyncIterator[T]) -> Iterator[T]:
        """The items, as they come."""

        async def following() -> list[T]:
            return [item async for item in _one(items)]

        while found := self.run(lambda _: following()):
            yield found[0]

    def _told(self, error: RuntimeFailure) -> Exception:
        """What a user can do something with."""
        if isinstance(error, Unavailable):
            if self._answers():
                return CommandFailed(f"the manager at {self.address} cannot do that now: {_line(error)}")
            return CommandFailed(f"no manager answers at {self.address} ({_line(error)}): is it running?")
        if isinstance(error, Unsupported):
            return CommandFailed(f"the manager at {self.address} cannot do that: {_line(error)}")
        if isinstance(error, NotFound):
            return CommandFailed(
                f"{_line(error)} (looked for in the namespace {self.namespace!r}; --namespace names another)"
            )
        return CommandFailed(_line(error))

    def _answers(self) -> bool:
        """Whether the manager is there: a full disk, or somebody else who is at it, is no reason to look for it."""

        async def ask() -> None:
            async with asyncio.timeout(PATIENCE):
                await self.client.version()

        try:
            self._runner.run(ask())
        except (RuntimeFailure, TimeoutError):
            return False
        return True


async def _connect(address: str, namespace: str) -> Client:
    return Client.connect(address, namespace)


async def _one(items: AsyncIterator[T]) -> AsyncIterator[T]:
    try:
        yield await anext(items)
    except StopAsyncIteration:
        return


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
