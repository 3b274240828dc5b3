"""`Stream`: messages in both directions between a client and whoever asks for the stream by its name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from google.protobuf.any_pb2 import Any

T = TypeVar("T")
WAITING = 64  # messages that may wait for a client that reads slowly


class Stream:
    """Belongs to one event loop. incoming: what the client sends."""

    def __init__(self, incoming: AsyncIterator[Any]) -> None:
        self._incoming = incoming
        self._outgoing: asyncio.Queue[Any] = asyncio.Queue(WAITING)
        self._closed = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    async def receive(self) -> Any | None:
        """The next message of the client; None at the end, also at that of the stream."""
        return await self._unless_closed(anext(self._incoming, None))

    async def send(self, message: Any) -> None:
        """Sends one; waits while the client is slow. After the end it is dropped."""
        await self._unless_closed(self._outgoing.put(message))

    async def _unless_closed(self, work: Awaitable[T]) -> T | None:
        """What `work` gives; None if the stream ends first."""
        working = asyncio.ensure_future(work)
        ended = asyncio.ensure_future(self._closed.wait())
        try:
            await asyncio.wait([working, ended], return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            ended.cancel()

    def offer(self, message: Any) -> None:
        """Sends one if the client keeps up; else it is dropped. For what is told again anyhow."""
        if not self._closed.is_set() and not self._outgoing.full():
            self._outgoing.put_nowait(message)

    def close(self) -> None:
        """Ends it, after what was sent."""
        self._closed.set()

    async def outgoing(self) -> AsyncIterator[Any]:
        """What is sent, for the client's connection."""
        ended = asyncio.ensure_future(self._closed.wait())
        taking = asyncio.ensure_future(self._outgoing.get())
        try:
            while not (self._closed.is_set() and self._outgoing.empty() and not taking.done()):
                await asyncio.wait([taking, ended], return_when=asyncio.FIRST_COMPLETED)
                if taking.done():
                    yield taking.result()
                    taking = asyncio.ensure_future(self._outgoing.get())
        finally:
            self._closed.set()
            ended.cancel()
            taking.cancel()
