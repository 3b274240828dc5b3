"""The messages that requests and responses hold: ttrpc.Request, and ttrpc.Response with a google.rpc.Status.

Source: containerd/ttrpc, request.proto; google/rpc/status.proto.
"""

from __future__ import annotations

from tiffin.ttrpc.status import Code, Detail, Status
from tiffin.ttrpc.value import Value
from tiffin.ttrpc.wire.protobuf import bytes_field, fields, number_field, signed, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Pairs = tuple[tuple[str, str], ...]

SUCCESS = Status(Code.OK)


class Request(Value):
    """What is called, and with what.

    Args:
        payload: the encoded message.
        timeout_nano: nanoseconds that the client waits; 0 if for as long as it takes.
        metadata: keys and values, in the order in which they came.
    """

    __slots__ = ("metadata", "method", "payload", "service", "timeout_nano")

    def __init__(
        self, service: str, method: str, payload: bytes = b"", timeout_nano: int = 0, metadata: Pairs = ()
    ) -> None:
        self.service = service
        self.method = method
        self.payload = payload
        self.timeout_nano = timeout_nano
        self.metadata = metadata

    def encode(self) -> bytes:
        """Its bytes."""
        parts = [bytes_field(1, self.service.encode()), bytes_field(2, self.method.encode())]
        if self.payload:
            parts.append(bytes_field(3, self.payload))
        parts.append(number_field(4, self.timeout_nano))
        for key, value in self.metadata:
            parts.append(bytes_field(5, bytes_field(1, key.encode()) + bytes_field(2, value.encode())))
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> Request:
        """The request in `data`. Raises Malformed."""
        service = method = ""
        payload, timeout, metadata = b"", 0, []
        for field in fields(data):
            match field:
                case (1, bytes(value)):
                    service = text(value)
                case (2, bytes(value)):
                    method = text(value)
                case (3, bytes(value)):
                    payload = value
                case (4, int(number)):
                    timeout = signed(number, 64)
                case (5, bytes(value)):
                    metadata.append(_pair(value))
        return cls(service, method, payload, timeout, tuple(metadata))


class Response(Value):
    """How a call ended, and with what."""

    __slots__ = ("payload", "status")

    def __init__(self, status: Status = SUCCESS, payload: bytes = b"") -> None:
        self.status = status
        self.payload = payload

    def encode(self) -> bytes:
        """Its bytes."""
        status = _encode_status(self.status)
        return (bytes_field(1, status) if status else b"") + (
            bytes_field(2, self.payload) if self.payload else b""
        )

    @classmethod
    def decode(cls, data: bytes) -> Response:
        """The response in `data`. Raises Malformed."""
        status, payload = b"", b""
        for field in fields(data):
            match field:
                case (1, bytes(value)):
                    status += value  # a message that comes in parts is their concatenation
                case (2, bytes(value)):
                    payload = value
        return cls(_decode_status(status) if status else SUCCESS, payload)


def _encode_status(status: Status) -> bytes:
    parts = [number_field(1, status.code)]
    if status.message:
        parts.append(bytes_field(2, status.message.encode(errors="backslashreplace")))
    parts += (bytes_field(3, _encode_detail(detail)) for detail in status.details)
    return b"".join(parts)


def _encode_detail(detail: Detail) -> bytes:
    return bytes_field(1, detail.type_url.encode()) + bytes_field(2, detail.value)


def _decode_status(data: bytes) -> Status:
    code, message, details = 0, "", []
    for field in fields(data):
        match field:
            case (1, int(number)):
                code = signed(number, 32)
            case (2, bytes(value)):
                message = text(value)
            case (3, bytes(value)):
                details.append(_detail(value))
    return Status(code, message, tuple(details))


def _detail(data: bytes) -> Detail:
    url, value = "", b""
    for field in fields(data):
        match field:
            case (1, bytes(part)):
                url = text(part)
            case (2, bytes(part)):
                value = part
    return Detail(url, value)


def _pair(data: bytes) -> tuple[str, str]:
    key = value = ""
    for field in fields(data):
        match field:
            case (1, bytes(part)):
                key = text(part)
            case (2, bytes(part)):
                value = text(part)
    return key, value


def pairs_of(metadata: Mapping[str, str | Sequence[str]] | None) -> Pairs:
    """Metadata as it is sent: keys in lower case, as the Go implementation has them; each value with its key."""
    if not metadata:
        return ()
    return tuple(
        (key.lower(), value)
        for key, values in metadata.items()
        for value in ((values,) if isinstance(values, str) else values)
    )
