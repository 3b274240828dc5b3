"""`BlockingClient`: one call at a time, without asyncio: for commands that ask one question and end."""

from __future__ import annotations

from _socket import AF_UNIX, SOCK_STREAM, socket
from time import monotonic

from tiffin.ttrpc.message import decode, encode
from tiffin.ttrpc.outcome import payload_of
from tiffin.ttrpc.status import Code, RpcError
from tiffin.ttrpc.wire.envelope import Request, pairs_of
from tiffin.ttrpc.wire.frames import REQUEST, RESPONSE, FrameParser, encode_frame, oversized_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self, TypeVar

    from tiffin.ttrpc.protocols import Message
    from tiffin.ttrpc.wire.frames import Frame

    R = TypeVar("R", bound=Message)

RECEIVED_AT_ONCE = 16 * 1024


class BlockingClient:
    """A connection to a server on a unix socket; closed by `close`, best by `with`.

    Args:
        address: "unix:///path", "/path" or "@abstract".
        timeout: seconds to connect.

    Raises:
        OSError: nobody listens there; TimeoutError.
    """

    def __init__(self, address: str, *, timeout: float | None = None) -> None:
        path = address.removeprefix("unix://")
        self._socket = socket(AF_UNIX, SOCK_STREAM)
        self._parser = FrameParser()
        self._next_stream = 1
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(f"\0{path[1:]}" if path.startswith("@") else path)
        except BaseException:
            self._socket.close()
            raise

    def call(
        self,
        service: str,
        method: str,
        request: Message,
        response: type[R],
        *,
        timeout: float | None = None,
        metadata: Mapping[str, str | Sequence[str]] | None = None,
    ) -> R:
        """One request, one response; see `tiffin.ttrpc.client.Client` for arguments and errors."""
        deadline = None if timeout is None else monotonic() + timeout
        nanoseconds = 0 if timeout is None else max(1, int(timeout * 1e9))
        envelope = Request(service, method, encode(request), nanoseconds, pairs_of(metadata))
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        frame = encode_frame(stream, REQUEST, 0, envelope.encode())
        try:
            self._send(frame, deadline)
            return decode(response, self._payload(stream, deadline), Code.INTERNAL)
        except TimeoutError:
            raise RpcError(Code.DEADLINE_EXCEEDED, "the server did not answer in time") from None
        except OSError as error:
            raise RpcError(Code.UNAVAILABLE, f"the connection is lost: {error}") from error

    def _send(self, frame: bytes, deadline: float | None) -> None:
        self._wait_until(deadline)
        try:
            self._socket.sendall(frame)
        except OSError:
            self.close()  # nobody knows how much of the frame is on its way
            raise

    def _payload(self, stream: int, deadline: float | None) -> bytes:
        while True:
            self._wait_until(deadline)
            data = self._socket.recv(RECEIVED_AT_ONCE)
            if not data:
                raise ConnectionResetError("closed by its other end")
            for frame in self._parser.feed(data):
                if frame.stream == stream:  # else the response to a call that was given up
                    return _payload_of(frame)

    def _wait_until(self, deadline: float | None) -> None:
        left = None if deadline is None else deadline - monotonic()
        if left is not None and left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def close(self) -> None:
        """Closes the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _payload_of(frame: Frame) -> bytes:
    if frame.oversized:
        raise oversized_error(frame.length, len(frame.data))
    if frame.kind != RESPONSE:
        raise RpcError(Code.INTERNAL, f"a frame of kind {frame.kind} came instead of a response")
    return payload_of(frame.data)
