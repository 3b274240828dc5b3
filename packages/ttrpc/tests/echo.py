"""A service with one method of each kind, and others that misbehave in the ways that tests ask for."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tiffin.ttrpc import (
    Client,
    Code,
    Context,
    Method,
    Raw,
    RpcError,
    Server,
    stream_stream,
    stream_unary,
    unary,
    unary_stream,
)
from tiffin.ttrpc.limits import DEFAULT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tiffin.ttrpc import Limits

NAME = "test.Echo"


class Echo:
    """Its handlers note when they begin and how they end, so that tests can wait for it.

    Args:
        began: set when a `Wait`, `Stall` or `Forever` is at work. cancelled: set when one was.
        go: lets `Wait` and `Stall` end.
    """

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.go = asyncio.Event()
        self.contexts: list[Context] = []
        self.sent = 0
        self.server: Server | None = None

    @property
    def services(self) -> dict[str, dict[str, Method]]:
        return {
            NAME: {
                "Echo": unary(Raw, Raw, self.echo),
                "Wait": unary(Raw, Raw, self.wait),
                "Fail": unary(Raw, Raw, self.fail),
                "Count": unary_stream(Raw, Raw, self.count),
                "Forever": unary_stream(Raw, Raw, self.forever),
                "Join": stream_unary(Raw, Raw, self.join),
                "Each": stream_stream(Raw, Raw, self.each),
                "Stall": stream_unary(Raw, Raw, self.stall),
            }
        }

    async def echo(self, request: Raw, context: Context) -> Raw:
        self.contexts.append(context)
        return request

    async def wait(self, request: Raw, context: Context) -> Raw:
        self.contexts.append(context)
        self.began.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return request

    async def fail(self, request: Raw, _: Context) -> Raw:
        raise RpcError(Code.NOT_FOUND, request.decode())

    async def count(self, request: Raw, _: Context) -> AsyncIterator[Raw]:
        for number in range(int(request)):
            yield Raw(b"%d" % number)

    async def forever(self, request: Raw, _: Context) -> AsyncIterator[Raw]:
        self.began.set()
        try:
            while True:
                yield request
                self.sent += 1
        finally:
            self.cancelled.set()

    async def join(self, requests: AsyncIterator[Raw], context: Context) -> Raw:
        self.contexts.append(context)
        return Raw(b",".join([request async for request in requests]))

    async def each(self, requests: AsyncIterator[Raw], _: Context) -> AsyncIterator[Raw]:
        async for request in requests:
            if request == b"fail":
                raise RpcError(Code.ABORTED, "as you wish")
            yield Raw(request.upper())

    async def stall(self, requests: AsyncIterator[Raw], context: Context) -> Raw:
        """Reads one request, and then none."""
        async for request in requests:
            return await self.wait(request, context)
        return Raw()


@asynccontextmanager
async def echoing(
    limits: Limits = DEFAULT, client_limits: Limits | None = None
) -> AsyncIterator[tuple[Client, Echo]]:
    """A client of an echo server, over a socket pair."""
    echo = Echo()
    async with Server(echo.services, limits=limits) as server:
        echo.server = server
        ours, theirs = socket.socketpair()
        await server.serve(theirs)
        async with await Client.on(ours, limits=client_limits or limits) as client:
            yield client, echo
