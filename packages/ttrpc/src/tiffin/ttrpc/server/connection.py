"""`ServerConnection`: takes the requests of one client, each of which becomes a `Call`.

What is refused, and with which code, is as in the Go implementation (containerd/ttrpc, server.go).
"""

from __future__ import annotations

import logging

from tiffin.ttrpc.connection import Connection
from tiffin.ttrpc.peer import peer_of
from tiffin.ttrpc.server.call import EXPIRED, Call
from tiffin.ttrpc.server.context import Context
from tiffin.ttrpc.status import Code, RpcError, Status
from tiffin.ttrpc.wire.envelope import Request, Response
from tiffin.ttrpc.wire.frames import DATA, REQUEST, RESPONSE, oversized_error
from tiffin.ttrpc.wire.protobuf import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio

    from tiffin.ttrpc.peer import Peer
    from tiffin.ttrpc.server.method import Method
    from tiffin.ttrpc.server.server import Server
    from tiffin.ttrpc.wire.frames import Frame

logger = logging.getLogger("tiffin.ttrpc")


class ServerConnection(Connection):
    """One client.

    Args:
        server: knows the services, and all connections.
    """

    def __init__(self, server: Server) -> None:
        super().__init__(server.limits, server.buffer)
        self.server = server
        self._calls: dict[int, Call] = {}  # not answered yet
        self.tasks: set[asyncio.Task[None]] = set()  # of handlers, those that were answered for included
        self._last_stream = 0
        self._request_bytes = 0
        self._peer: Peer | None = None
        self._draining = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.lost = True  # until it is admitted
        try:
            self._peer = peer_of(transport.get_extra_info("socket"))
            self.lost = not self.server.admit(self, self._peer)
        finally:
            if self.lost:
                self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._forget_if_over()

    def frame_received(self, frame: Frame) -> None:
        try:
            self._take(frame)
        except RpcError as error:
            self._refuse(frame.stream, error.status)

    def _take(self, frame: Frame) -> None:
        if frame.kind not in (REQUEST, DATA):
            return  # of a version to come
        if frame.stream % 2 == 0:
            raise RpcError(
                Code.INVALID_ARGUMENT, f"stream {frame.stream}: a client's streams have odd numbers"
            )
        if frame.kind == DATA:
            self._take_data(frame)
        else:
            self._take_request(frame)

    def _take_data(self, frame: Frame) -> None:
        if frame.stream > self._last_stream:
            raise RpcError(Code.INVALID_ARGUMENT, f"stream {frame.stream} was not opened")
        call = self._calls.get(frame.stream)
        if call is None:
            return  # the client did not know yet that this stream has ended
        if frame.oversized:
            call.stop(oversized_error(frame.length, self.limits.message).status)
        else:
            call.data_received(frame)

    def _take_request(self, frame: Frame) -> None:
        if frame.stream <= self._last_stream:
            raise RpcError(Code.INVALID_ARGUMENT, f"stream {frame.stream} comes after {self._last_stream}")
        self._last_stream = frame.stream
        if frame.oversized:
            raise oversized_error(frame.length, self.limits.message)
        if self._draining:
            raise RpcError(Code.UNAVAILABLE, "the server is shutting down")
        if len(self.tasks) >= self.limits.requests or self._request_bytes >= self.limits.request_bytes:
            raise RpcError(
                Code.RESOURCE_EXHAUSTED,
                f"{len(self.tasks)} requests of {self._request_bytes} bytes are at work on this connection",
            )
        try:
            request = Request.decode(frame.data)
        except Malformed as error:
            raise RpcError(Code.INVALID_ARGUMENT, f"no request: {error}") from error
        self._begin(frame, request, self.server.method(request.service, request.method))

    def _begin(self, frame: Frame, request: Request, method: Method) -> None:
        if request.timeout_nano < 0:
            raise RpcError.of(EXPIRED)
        deadline = self.loop.time() + request.timeout_nano / 1e9 if request.timeout_nano else None
        context = Context(request.service, request.method, request.metadata, deadline, self._peer)
        call = self._calls[frame.stream] = Call(
            self, frame.stream, method, context, frame.flags, request.payload
        )
        size = len(request.payload)
        self._request_bytes += size
        task = call.start()
        self.tasks.add(task)
        task.add_done_callback(lambda task: self._task_done(task, size))

    def _task_done(self, task: asyncio.Task[None], size: int) -> None:
        self.tasks.discard(task)
        self._request_bytes -= size
        self._close_if_drained()
        self._forget_if_over()

    def _forget_if_over(self) -> None:
        if self.closed.done() and not self.tasks:
            self.server.forget(self)

    def _refuse(self, stream: int, status: Status) -> None:
        self.send(stream, RESPONSE, 0, Response(status).encode())

    def answered(self, stream: int) -> None:
        """A call has ended for its client."""
        self._calls.pop(stream, None)

    def ended(self, error: Exception | None) -> None:
        if error is not None:
            logger.info("connection of %s: %s", self._peer, error)
        self.abandon_calls()

    def abandon_calls(self) -> None:
        """Cancels every handler."""
        for call in list(self._calls.values()):
            call.abandon()
        self._calls.clear()

    def pause_writing(self) -> None:
        """A client that does not take its responses gives us no more requests."""
        super().pause_writing()
        self.hold()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.release()

    def start_draining(self) -> None:
        """Takes no more requests, and closes when the last one has ended."""
        self._draining = True
        self._close_if_drained()

    def _close_if_drained(self) -> None:
        if self._draining and not self.tasks:
            self.close()
