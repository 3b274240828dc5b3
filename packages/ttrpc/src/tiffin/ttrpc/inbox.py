"""`Inbox`: the messages of a stream that have come and were not read; bounded. `Messages` reads and decodes them."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from tiffin.ttrpc.message import decode
from tiffin.ttrpc.status import Code, RpcError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import Future, TimerHandle
    from collections.abc import Callable

    from tiffin.ttrpc.connection import Connection
    from tiffin.ttrpc.protocols import Message

T = TypeVar("T", bound="Message")


class Inbox:
    """Where frames go in and a handler, or a caller, takes messages out.

    When it is full its connection is not read; when nobody takes anything out for `limits.patience` seconds meanwhile,
    the stream fails, so that one reader that stands still cannot stop all calls of the connection.

    Args:
        failed: called with the error if that happens.
    """

    def __init__(self, connection: Connection, failed: Callable[[RpcError], None]) -> None:
        self._connection = connection
        self._limits = connection.limits
        self._failed = failed
        self._messages: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self.error: RpcError | None = None  # that ended it
        self._reader: Future[None] | None = None
        self._timer: TimerHandle | None = None  # runs as long as the connection is held

    @property
    def ended(self) -> bool:
        """Nothing more will come in."""
        return self._ended

    def put(self, message: bytes) -> None:
        """Adds a message; dropped if the stream has ended."""
        if self._ended:
            return
        self._messages.append(message)
        self._size += len(message)
        self._wake()
        if self._timer is None and self._fills(1):
            self._connection.hold()
            self._start_timer()

    def end(self, error: RpcError | None = None) -> None:
        """Nothing more comes; after what is there, the reader gets the error, or the end."""
        if not self._ended:
            self._ended, self.error = True, error
            self._wake()
            self._release()

    def fail(self, error: RpcError) -> None:
        """As `end`, but what is there is thrown away."""
        self._messages.clear()
        self._size = 0
        self.end(error)

    async def get(self) -> bytes | None:
        """The next message; None at the end. Raises the error that ended the stream. For one reader at a time."""
        while not self._messages:
            if self._ended:
                if self.error is not None:
                    raise self.error
                return None
            await self._wait()
        message = self._messages.popleft()
        self._size -= len(message)
        if self._timer is not None:
            self._timer.cancel()
            if self._fills(2):
                self._start_timer()
            else:
                self._release()
        return message

    def _fills(self, part: int) -> bool:
        """Holds at least one `part`th of what it may."""
        limits = self._limits
        return (
            len(self._messages) * part >= limits.stream_messages or self._size * part >= limits.stream_bytes
        )

    async def _wait(self) -> None:
        if self._reader is not None:
            raise RuntimeError("a stream is read by one task at a time")
        self._reader = self._connection.loop.create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _start_timer(self) -> None:
        self._timer = self._connection.loop.call_later(self._limits.patience, self._overflow)

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._connection.release()

    def _overflow(self) -> None:
        error = RpcError(
            Code.RESOURCE_EXHAUSTED,
            f"{len(self._messages)} messages wait, and none was read for {self._limits.patience:g} s",
        )
        self.fail(error)
        self._failed(error)


class Messages(Generic[T]):
    """An async iterator over the messages of a stream. Raises RpcError where the stream ends with an error.

    Args:
        code: of the error for what cannot be decoded: INVALID_ARGUMENT where requests are read, else INTERNAL.
    """

    def __init__(self, inbox: Inbox, kind: type[T], code: Code) -> None:
        self._inbox = inbox
        self._kind = kind
        self._code = code

    def __aiter__(self) -> Messages[T]:
        return self

    async def __anext__(self) -> T:
        data = await self._inbox.get()
        if data is None:
            raise StopAsyncIteration
        return decode(self._kind, data, self._code)
