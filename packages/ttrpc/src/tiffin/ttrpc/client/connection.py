"""`ClientConnection`: numbers the streams, and gives what comes to the call that it belongs to."""

from __future__ import annotations

import logging

from tiffin.ttrpc.connection import Connection
from tiffin.ttrpc.status import Code, RpcError
from tiffin.ttrpc.wire.frames import LAST_STREAM, REQUEST, oversized_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from tiffin.ttrpc.limits import Limits
    from tiffin.ttrpc.wire.frames import Frame

    class Receiver(Protocol):
        """A call that waits."""

        def receive(self, frame: Frame) -> None:
            """A frame of its stream has come."""

        def fail(self, error: RpcError) -> None:
            """Nothing more will come."""


logger = logging.getLogger("tiffin.ttrpc")


class ClientConnection(Connection):
    """The end that opens streams."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self._receivers: dict[int, Receiver] = {}
        self._next_stream = 1
        self._cause: Exception | None = None

    def open(self, receiver: Receiver, flags: int, request: bytes) -> int:
        """Sends a request, and returns the number of its stream.

        Raises:
            RpcError: RESOURCE_EXHAUSTED: it is too long. UNAVAILABLE: the connection is lost, or has no more
                numbers for streams.
        """
        if self.lost:
            raise self._loss()
        stream = self._next_stream
        if stream > LAST_STREAM:
            raise RpcError(Code.UNAVAILABLE, "the connection has no more numbers for streams: connect anew")
        self.send(stream, REQUEST, flags, request)
        self._next_stream += 2
        self._receivers[stream] = receiver
        return stream

    def forget(self, stream: int) -> None:
        """Nobody waits for this stream any more: what comes for it is dropped."""
        self._receivers.pop(stream, None)

    def frame_received(self, frame: Frame) -> None:
        receiver = self._receivers.get(frame.stream)
        if receiver is None:
            logger.debug("a frame came for stream %d, which nobody waits for", frame.stream)
        elif frame.oversized:
            self.forget(frame.stream)
            receiver.fail(oversized_error(frame.length, self.limits.message))
        else:
            receiver.receive(frame)

    def ended(self, error: Exception | None) -> None:
        self._cause = error
        receivers = list(self._receivers.values())
        self._receivers.clear()
        for receiver in receivers:
            receiver.fail(self._loss())
        self.transport.abort()

    def _loss(self) -> RpcError:
        error = RpcError(Code.UNAVAILABLE, f"the connection is closed: {self._cause or 'by its other end'}")
        error.__cause__ = self._cause
        return error

    def give_up(self) -> None:
        """Closes the connection from this end; what waits fails."""
        if not self.lost:
            self.lost = True
            self.ended(ConnectionAbortedError("by this end"))
