"""`Connection`: what both ends do with a socket: cut what comes into frames, send frames, stop reading at times."""

from __future__ import annotations

import asyncio
from typing import cast

from tiffin.ttrpc.wire.frames import FrameParser, encode_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.ttrpc.limits import Limits
    from tiffin.ttrpc.wire.frames import Frame

RECEIVED_AT_ONCE = 64 * 1024  # bytes
SENT_IN_A_ROW = 16  # messages of streams


class Connection(asyncio.BufferedProtocol):
    """One end of a connection. A subclass says what a frame does, and what the loss of the connection.

    Args:
        buffer: where bytes are received; all connections of an event loop can have the same, since nothing stays there.
    """

    def __init__(self, limits: Limits, buffer: bytearray | None = None) -> None:
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.closed = self.loop.create_future()  # done when the socket is closed
        self.lost = False
        self._buffer = memoryview(bytearray(RECEIVED_AT_ONCE) if buffer is None else buffer)
        self._parser = FrameParser(limits.message)
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._holds = 0
        self._turn = 0

    def frame_received(self, frame: Frame) -> None:
        """Called for each frame, in order, until the connection is lost."""
        raise NotImplementedError

    def ended(self, error: Exception | None) -> None:
        """Called once, when nothing more can come."""
        raise NotImplementedError

    @property
    def transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise RuntimeError("there is no connection yet")
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(self.limits.write_buffer)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio gives it
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        for frame in self._parser.feed(self._buffer[:nbytes]):
            if self.lost:
                return
            self.frame_received(frame)

    def eof_received(self) -> None:
        """The other end has closed, or sends no more, which is the same here; what was written still goes out."""
        self._end(EOFError("the connection ended within a frame") if self._parser.within_frame else None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)
        self._writable.set()
        if not self.closed.done():
            self.closed.set_result(None)

    def _end(self, error: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            self.ended(error)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    @property
    def writable(self) -> bool:
        """The kernel keeps up with what is written."""
        return self._writable.is_set()

    async def drain(self) -> None:
        """Waits until it does, or the connection is lost; to be called after each message of a stream.

        Now and then it lets others have their turn: who sends in a loop to a quick reader would stop all else.
        """
        self._turn = (self._turn + 1) % SENT_IN_A_ROW
        if self._turn == 0 or self.transport.is_closing():
            await asyncio.sleep(0)
        while not self._writable.is_set():
            await self._writable.wait()

    def send(self, stream: int, kind: int, flags: int, data: bytes) -> None:
        """Sends a frame; does nothing if the connection is lost. Raises RpcError, RESOURCE_EXHAUSTED: too long."""
        encoded = encode_frame(stream, kind, flags, data, self.limits.message)
        if not (self.lost or self.transport.is_closing()):
            self.transport.write(encoded)

    def hold(self) -> None:
        """Reads nothing, until each `hold` had its `release`."""
        self._holds += 1
        if self._holds == 1:
            self.transport.pause_reading()

    def release(self) -> None:
        """Takes one `hold` back."""
        self._holds -= 1
        if self._holds == 0:
            self.transport.resume_reading()

    def close(self) -> None:
        """Closes it once what was written has gone out."""
        self.transport.close()

    def abort(self) -> None:
        """Closes it at once."""
        self.transport.abort()
