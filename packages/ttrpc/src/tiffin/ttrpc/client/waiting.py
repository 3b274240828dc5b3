"""What a call waits with: `Reply`, for the one response, and `Deadline`."""

from __future__ import annotations

import asyncio

from tiffin.ttrpc.outcome import payload_of
from tiffin.ttrpc.status import Code, RpcError
from tiffin.ttrpc.wire.frames import RESPONSE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tiffin.ttrpc.client.connection import ClientConnection
    from tiffin.ttrpc.wire.frames import Frame


class Reply:
    """The one response of a call: `future` gets its payload, or the error."""

    __slots__ = ("future",)

    def __init__(self, connection: ClientConnection) -> None:
        self.future: asyncio.Future[bytes] = connection.loop.create_future()

    def receive(self, frame: Frame) -> None:
        """Any other frame than a response is against the protocol."""
        if self.future.done():
            return
        try:
            if frame.kind != RESPONSE:
                raise RpcError(Code.INTERNAL, f"a frame of kind {frame.kind} came instead of a response")
            self.future.set_result(payload_of(frame.data))
        except RpcError as error:
            self.future.set_exception(error)

    def fail(self, error: RpcError) -> None:
        """No response will come."""
        if not self.future.done():
            self.future.set_exception(error)


class Deadline:
    """When a call ends at the latest.

    Args:
        timeout: seconds from now; None: never.

    Raises:
        RpcError: DEADLINE_EXCEEDED: it is over already.
    """

    __slots__ = ("_at", "_connection", "_loop", "_timer")

    def __init__(self, connection: ClientConnection, timeout: float | None) -> None:
        self._loop = connection.loop
        self._at = None if timeout is None else self._loop.time() + timeout
        self._timer: asyncio.TimerHandle | None = None
        self._connection = connection
        if timeout is not None and timeout <= 0:
            raise self._error()

    def _error(self) -> RpcError:
        return RpcError(Code.DEADLINE_EXCEEDED, "the server did not answer in time")

    def nanoseconds(self) -> int:
        """What is left, as it is sent; 0 without a deadline. Raises DEADLINE_EXCEEDED."""
        if self._at is None:
            return 0
        left = self._at - self._loop.time()
        if left <= 0:
            raise self._error()
        return min(max(1, int(left * 1e9)), (1 << 63) - 1)

    async def writable(self) -> None:
        """Waits until the connection takes more. Raises DEADLINE_EXCEEDED."""
        if self._connection.writable:
            return
        try:
            async with asyncio.timeout_at(self._at):
                await self._connection.drain()
        except TimeoutError:
            raise self._error() from None

    def start(self, expired: Callable[[RpcError], None]) -> None:
        """From now on `expired` is called when it is over."""
        if self._at is not None:
            self._timer = self._loop.call_at(self._at, lambda: expired(self._error()))

    def cancel(self) -> None:
        """It does not matter any more."""
        if self._timer is not None:
            self._timer.cancel()
