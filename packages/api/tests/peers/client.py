"""Calls of containerd by our stubs, as plain functions: each runs in the event loop of the channel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from grpc import StatusCode, aio

if TYPE_CHECKING:
    import asyncio

    Q = TypeVar("Q")
    R = TypeVar("R")

SECONDS = 60.0


class Client:
    """A channel to containerd, in one namespace."""

    def __init__(self, channel: aio.Channel, loop: asyncio.Runner, namespace: str) -> None:
        self.channel = channel
        self.loop = loop
        self.namespace = namespace
        self.metadata: tuple[tuple[str, str], ...] = (("containerd-namespace", namespace),)

    def under(self, lease: str) -> Client:
        """The same; what is made is held by a lease."""
        client = Client(self.channel, self.loop, self.namespace)
        client.metadata = (*self.metadata, ("containerd-lease", lease))
        return client

    def call(self, method: aio.UnaryUnaryMultiCallable[Q, R], request: Q) -> R:
        """One answer; raises AioRpcError."""

        async def run() -> R:
            return await method(request, metadata=self.metadata, timeout=SECONDS)

        return self.loop.run(run())

    def all(self, method: aio.UnaryStreamMultiCallable[Q, R], request: Q) -> list[R]:
        """Every answer to one request."""

        async def run() -> list[R]:
            return [answer async for answer in method(request, metadata=self.metadata, timeout=SECONDS)]

        return self.loop.run(run())

    def talk(self, method: aio.StreamStreamMultiCallable[Q, R], requests: Iterable[Q]) -> list[R]:
        """Every answer to some requests, all of which are sent."""

        async def run() -> list[R]:
            answers = method(iter(requests), metadata=self.metadata, timeout=SECONDS)
            return [answer async for answer in answers]

        return self.loop.run(run())

    def refused(self, method: aio.UnaryUnaryMultiCallable[Q, R], request: Q) -> StatusCode:
        """The code of the error that must come."""
        try:
            answer = self.call(method, request)
        except aio.AioRpcError as error:
            return error.code()
        raise AssertionError(f"it was not refused: {answer}")


def rows(table: str) -> list[list[str]]:
    """The columns of what `ctr` lists, without the heading."""
    return [line.split() for line in table.splitlines()[1:] if line.strip()]
