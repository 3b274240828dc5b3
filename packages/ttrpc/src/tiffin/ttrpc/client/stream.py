"""`Stream`: a call with many requests, many responses, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from tiffin.ttrpc.client.waiting import Deadline
from tiffin.ttrpc.inbox import Inbox, Messages
from tiffin.ttrpc.message import encode
from tiffin.ttrpc.outcome import payload_of
from tiffin.ttrpc.status import Code, RpcError
from tiffin.ttrpc.wire.envelope import Request
from tiffin.ttrpc.wire.frames import DATA, NO_DATA, REMOTE_CLOSED, REMOTE_OPEN, RESPONSE

if TYPE_CHECKING:
    from typing import Self

    from tiffin.ttrpc.client.connection import ClientConnection
    from tiffin.ttrpc.protocols import Message
    from tiffin.ttrpc.wire.envelope import Pairs
    from tiffin.ttrpc.wire.frames import Frame

R = TypeVar("R", bound="Message")


class Stream(Generic[R]):
    """One end of an open stream: an async iterator of responses.

    Who may stop before its end opens it by `async with`, or calls `cancel`: messages that nobody reads hold up the
    whole connection, until `Limits.patience` is over.

    A stream that is given up before its end goes on in the server: ttrpc has no message to stop it, and to close our
    half would mean that all was sent.
    """

    def __init__(
        self,
        connection: ClientConnection,
        response: type[R],
        *,
        streams_responses: bool,
        deadline: float | None,
    ) -> None:
        self._connection = connection
        self._streams_responses = streams_responses
        self._inbox = Inbox(connection, lambda _: self.cancel())
        self._messages = Messages(self._inbox, response, Code.INTERNAL)
        self._deadline = Deadline(connection, deadline)
        self._number = 0
        self._sends = False

    async def open(self, service: str, method: str, metadata: Pairs, flags: int, payload: bytes) -> None:
        """Sends the request; for `Client`."""
        await self._deadline.writable()
        request = Request(service, method, payload, self._deadline.nanoseconds(), metadata)
        self._number = self._connection.open(self, flags, request.encode())
        self._sends = flags == REMOTE_OPEN
        self._deadline.start(self._expire)

    async def send(self, message: Message) -> None:
        """Sends a request, and waits while the server is behind.

        Raises:
            RpcError: as the call ended, or FAILED_PRECONDITION if it ended well, or after `close_send`.
        """
        self._check_sends()
        self._connection.send(self._number, DATA, 0, encode(message))
        await self._connection.drain()

    async def close_send(self) -> None:
        """Says that there are no more requests."""
        self._check_sends()
        self._sends = False
        self._connection.send(self._number, DATA, REMOTE_CLOSED | NO_DATA, b"")

    def _check_sends(self) -> None:
        if self._inbox.ended and self._inbox.error is not None:
            raise self._inbox.error
        if not self._sends:
            raise RpcError(Code.FAILED_PRECONDITION, "the stream takes no more requests")

    async def response(self) -> R:
        """The one response, after `close_send`, which it does if that is still to do.

        Raises:
            RpcError: as the call ended; INTERNAL if there was none.
        """
        if self._sends:
            await self.close_send()
        async for message in self._messages:
            return message
        raise RpcError(Code.INTERNAL, "the server ended the call without a response")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R:
        return await self._messages.__anext__()

    def cancel(self) -> None:
        """Gives it up: what comes is thrown away."""
        self._expire(RpcError(Code.CANCELLED, "the stream was given up"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cancel()

    def receive(self, frame: Frame) -> None:
        """A frame has come; for the connection."""
        try:
            self._receive(frame)
        except RpcError as error:
            self.fail(error)

    def _receive(self, frame: Frame) -> None:
        if frame.kind == RESPONSE:
            payload = payload_of(frame.data)
            if payload or not self._streams_responses:
                self._inbox.put(payload)
            self._end(None)
        elif frame.kind == DATA and self._streams_responses:
            if not frame.flags & NO_DATA:
                self._inbox.put(frame.data)
            if frame.flags & REMOTE_CLOSED:
                self._end(None)
        else:
            raise RpcError(Code.INTERNAL, f"a frame of kind {frame.kind} came, which cannot be here")

    def fail(self, error: RpcError) -> None:
        """It ends with an error after what has come; for the connection."""
        self._end(error)

    def _expire(self, error: RpcError) -> None:
        self._inbox.fail(error)
        self._end(error)

    def _end(self, error: RpcError | None) -> None:
        self._inbox.end(error)
        self._sends = False
        self._deadline.cancel()
        self._connection.forget(self._number)
