"""`Connection`: plain calls of another daemon, whose errors are ours. Used in threads, not in the event loop."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from grpc import StatusCode

from tiffin.image import errors
from tiffin.manager.grpc_edge.call import LEASE, NAMESPACE
from tiffin.manager.grpc_edge.limits import MOST_BYTES

SECONDS = 120.0  # for one answer: a snapshotter may have to fetch
OPTIONS = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_send_message_length", MOST_BYTES),
    ("grpc.max_reconnect_backoff_ms", 3000),
)
CLASSES: dict[StatusCode, type[errors.ImageFailure]] = {
    StatusCode.INVALID_ARGUMENT: errors.InvalidArgument,
    StatusCode.NOT_FOUND: errors.NotFound,
    StatusCode.ALREADY_EXISTS: errors.AlreadyExists,
    StatusCode.FAILED_PRECONDITION: errors.FailedPrecondition,
    StatusCode.PERMISSION_DENIED: errors.PermissionDenied,
    StatusCode.UNIMPLEMENTED: errors.Unsupported,
    StatusCode.DATA_LOSS: errors.DataLoss,
}  # all others: it cannot be reached, or is not well: Unavailable


class Connection:
    """To one daemon; connected when it is first used, and again when it was lost.

    Args:
        address: path of its unix socket.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None

    def stub(self, kind: Any) -> Any:
        """Of a service. kind: a generated class."""
        with self._lock:
            if self._channel is None:
                self._channel = grpc.insecure_channel(f"unix:{self.address}", options=OPTIONS)
            return kind(self._channel)

    def close(self) -> None:
        """Ends it, and all calls."""
        with self._lock:
            if self._channel is not None:
                self._channel.close()
            self._channel = None

    def call(self, method: Any, request: Any, headers: Iterable[tuple[str, str]]) -> Any:
        """One answer. Raises ImageFailure."""
        with translated(self.address):
            return method(request, metadata=tuple(headers), timeout=SECONDS)

    def stream(self, method: Any, request: Any, headers: Iterable[tuple[str, str]]) -> Iterator[Any]:
        """Many answers. Raises ImageFailure."""
        with translated(self.address):
            yield from method(request, metadata=tuple(headers), timeout=SECONDS)


def headers(namespace: str, lease: str = "") -> tuple[tuple[str, str], ...]:
    """In whose name something is asked."""
    return ((NAMESPACE, namespace), *(((LEASE, lease),) if lease else ()))


@contextmanager
def translated(address: str) -> Iterator[None]:
    """Errors of the wire as those of tiffin.image, by their codes."""
    try:
        yield
    except grpc.RpcError as error:
        code, text = error.code(), error.details()
        kind = CLASSES.get(code)
        if kind is not None:
            raise kind(text) from None
        raise errors.Unavailable(f"{address} does not answer as it should: {code.name}: {text}") from None
