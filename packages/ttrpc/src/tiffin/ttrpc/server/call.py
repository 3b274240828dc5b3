"""`Call`: one request at work: runs its handler as a task, and sends what it gives; once, whatever happens."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack

from tiffin.ttrpc.inbox import Inbox, Messages
from tiffin.ttrpc.message import decode, encode
from tiffin.ttrpc.status import Code, RpcError, Status
from tiffin.ttrpc.wire.envelope import SUCCESS, Response
from tiffin.ttrpc.wire.frames import DATA, NO_DATA, REMOTE_CLOSED, REMOTE_OPEN, RESPONSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiffin.ttrpc.server.connection import ServerConnection
    from tiffin.ttrpc.server.context import Context
    from tiffin.ttrpc.server.method import Method
    from tiffin.ttrpc.wire.frames import Frame

logger = logging.getLogger("tiffin.ttrpc")
EXPIRED = Status(Code.DEADLINE_EXCEEDED, "the deadline has passed")


class Call:
    """A request and its answer.

    Args:
        flags: of the request's frame: whether the client sends more.
    """

    def __init__(
        self,
        connection: ServerConnection,
        stream: int,
        method: Method,
        context: Context,
        flags: int,
        payload: bytes,
    ) -> None:
        self._connection = connection
        self._server = connection.server
        self._stream = stream
        self._method = method
        self._context = context
        self._payload = payload
        self._answered = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._inbox = self._make_inbox(flags) if method.client_streaming else None

    def start(self) -> asyncio.Task[None]:
        """Begins the handler's task, and the time that it has."""
        loop = self._connection.loop
        if self._context.deadline is not None:
            self._timer = loop.call_at(self._context.deadline, self.stop, EXPIRED)
        self._task = loop.create_task(self._run())
        return self._task

    def _make_inbox(self, flags: int) -> Inbox:
        """A request's payload is the first message, but not if it is empty: so the Go client opens a stream."""
        inbox = Inbox(self._connection, lambda error: self.stop(error.status))
        if self._payload or flags == 0:
            inbox.put(self._payload)
        if flags & REMOTE_OPEN == 0:
            inbox.end()
        return inbox

    def data_received(self, frame: Frame) -> None:
        """A message of the client's stream, or the end of it."""
        if self._inbox is None or self._inbox.ended:
            self.stop(Status(Code.INVALID_ARGUMENT, "data came on a stream that takes none"))
            return
        if not frame.flags & NO_DATA:
            self._inbox.put(frame.data)
        if frame.flags & REMOTE_CLOSED:
            self._inbox.end()

    def stop(self, status: Status) -> None:
        """Answers now, and cancels the handler; does nothing if the call has ended."""
        if not self._answered:
            self._answer(status)
            self._cancel()

    def abandon(self) -> None:
        """Nobody waits for an answer any more: cancels the handler; does nothing if the call has ended."""
        if not self._answered:
            self._answered = True
            self._finish()
            self._cancel()

    def _cancel(self) -> None:
        """Once: a second time would disturb the handler while it cleans up."""
        if self._task is not None:
            self._task.cancel()

    def _finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._inbox is not None:
            self._inbox.fail(RpcError(Code.CANCELLED, "the call has ended"))

    async def _run(self) -> None:
        try:
            payload = await self._handle()
        except RpcError as error:
            self._answer(error.status if error.code else Status(Code.UNKNOWN, error.message, error.details))
        except asyncio.CancelledError:
            self._answer(Status(Code.CANCELLED, "the handler was cancelled"))
            raise
        except Exception as error:  # noqa: BLE001  # of the handler; its client is told, and the log
            self._answer(self._server.status_of(error, self._context))
        else:
            if self._method.server_streaming:
                self._end_stream()
            else:
                self._answer(SUCCESS, payload)

    async def _handle(self) -> bytes:
        """Runs the handler; returns the bytes of its one response, or sends its responses and returns nothing."""
        method = self._method
        given: Any
        if self._inbox is not None:
            given = Messages(self._inbox, method.request, Code.INVALID_ARGUMENT)
        else:
            given = decode(method.request, self._payload, Code.INVALID_ARGUMENT)
            self._payload = b""
        if not method.server_streaming:
            return encode(await method.handler(given, self._context))
        async with AsyncExitStack() as stack:
            responses = method.handler(given, self._context)
            if hasattr(responses, "aclose"):
                stack.push_async_callback(responses.aclose)
            async for response in responses:
                await self._send(encode(response))
        return b""

    async def _send(self, payload: bytes) -> None:
        """Sends one of several responses, when the client has taken most of those before it."""
        if not self._answered:
            self._connection.send(self._stream, DATA, 0, payload)
            await self._connection.drain()

    def _end_stream(self) -> None:
        if not self._answered:
            self._answered = True
            self._finish()
            self._connection.send(self._stream, DATA, REMOTE_CLOSED | NO_DATA, b"")
            self._connection.answered(self._stream)

    def _answer(self, status: Status, payload: bytes = b"") -> None:
        if self._answered:
            return
        self._answered = True
        self._finish()
        try:
            self._connection.send(self._stream, RESPONSE, 0, Response(status, payload).encode())
        except RpcError as error:  # the response is too long
            self._connection.send(self._stream, RESPONSE, 0, Response(error.status).encode())
        self._connection.answered(self._stream)
