"""`Client`: calls methods of a server, any number at once over one connection."""

from __future__ import annotations

import asyncio
import socket

from tiffin.ttrpc.address import parse
from tiffin.ttrpc.client.connecting import connect_unix
from tiffin.ttrpc.client.connection import ClientConnection
from tiffin.ttrpc.client.stream import Stream
from tiffin.ttrpc.client.waiting import Deadline, Reply
from tiffin.ttrpc.limits import DEFAULT
from tiffin.ttrpc.message import decode, encode
from tiffin.ttrpc.status import Code
from tiffin.ttrpc.wire.envelope import Request, pairs_of
from tiffin.ttrpc.wire.frames import REMOTE_CLOSED, REMOTE_OPEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Self, TypeVar

    from tiffin.ttrpc.limits import Limits
    from tiffin.ttrpc.protocols import Message

    R = TypeVar("R", bound=Message)
    Metadata = Mapping[str, str | Sequence[str]]


class Client:
    """A connection to a server. Made by `connect`, `on_descriptor` or `on`; closed by `close`, best by `async with`.

    Every call takes `timeout`, seconds (None: for ever), which is sent, and also holds here if the server does not keep
    it; and `metadata`, keys to a value or several. Every call raises RpcError: with the server's code, or UNAVAILABLE
    when the connection is lost, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED when a message is too long, INTERNAL when the
    server's answer makes no sense. A call that is cancelled goes on in the server: ttrpc has no message to stop one
    but the end of the connection.
    """

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def connect(cls, address: str | Path, *, limits: Limits = DEFAULT) -> Self:
        """Connects to a unix socket: "unix:///path", "/path" or "@abstract". Raises OSError."""
        endpoint = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            endpoint.setblocking(False)
            await connect_unix(endpoint, parse(address))
            return await cls.on(endpoint, limits=limits)
        except BaseException:
            endpoint.close()
            raise

    @classmethod
    async def on_descriptor(cls, descriptor: int, *, limits: Limits = DEFAULT) -> Self:
        """Takes over a descriptor that is connected. Raises OSError if it is no socket."""
        return await cls.on(socket.socket(fileno=descriptor), limits=limits)

    @classmethod
    async def on(cls, endpoint: socket.socket, *, limits: Limits = DEFAULT) -> Self:
        """Takes over a connected stream socket of any family."""
        endpoint.setblocking(False)
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: ClientConnection(limits), sock=endpoint)
        return cls(connection)

    @property
    def connected(self) -> bool:
        """The connection has not been lost yet."""
        return not self._connection.lost

    async def wait_closed(self) -> None:
        """Returns when the connection is closed, by either end."""
        await asyncio.shield(self._connection.closed)

    async def close(self) -> None:
        """Closes the connection; calls that wait fail, UNAVAILABLE."""
        self._connection.give_up()
        await self.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def call(
        self,
        service: str,
        method: str,
        request: Message,
        response: type[R],
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # it is also sent
        metadata: Metadata | None = None,
    ) -> R:
        """One request, one response, of the class `response`."""
        connection = self._connection
        deadline = Deadline(connection, timeout)
        reply = Reply(connection)
        await deadline.writable()
        envelope = Request(service, method, encode(request), deadline.nanoseconds(), pairs_of(metadata))
        stream = connection.open(reply, 0, envelope.encode())
        try:
            deadline.start(reply.fail)
            payload = await reply.future
        finally:
            deadline.cancel()
            connection.forget(stream)
        return decode(response, payload, Code.INTERNAL)

    async def unary_stream(
        self,
        service: str,
        method: str,
        request: Message,
        response: type[R],
        *,
        timeout: float | None = None,  # noqa: ASYNC109
        metadata: Metadata | None = None,
    ) -> Stream[R]:
        """One request, many responses: `async for` over what it returns."""
        stream: Stream[R] = Stream(self._connection, response, streams_responses=True, deadline=timeout)
        await stream.open(service, method, pairs_of(metadata), REMOTE_CLOSED, encode(request))
        return stream

    async def stream_unary(
        self,
        service: str,
        method: str,
        response: type[R],
        *,
        timeout: float | None = None,  # noqa: ASYNC109
        metadata: Metadata | None = None,
    ) -> Stream[R]:
        """Many requests, one response: `send` them, then `response()`."""
        stream: Stream[R] = Stream(self._connection, response, streams_responses=False, deadline=timeout)
        await stream.open(service, method, pairs_of(metadata), REMOTE_OPEN, b"")
        return stream

    async def stream_stream(
        self,
        service: str,
        method: str,
        response: type[R],
        *,
        timeout: float | None = None,  # noqa: ASYNC109
        metadata: Metadata | None = None,
    ) -> Stream[R]:
        """Many of both, in any order: `send`, `close_send`, and `async for` over what it returns."""
        stream: Stream[R] = Stream(self._connection, response, streams_responses=True, deadline=timeout)
        await stream.open(service, method, pairs_of(metadata), REMOTE_OPEN, b"")
        return stream
