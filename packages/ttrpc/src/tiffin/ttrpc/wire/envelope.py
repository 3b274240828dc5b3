"""The messages that requests and responses hold: ttrpc.Request, and ttrpc.Response with a google.rpc.Status.

Source: containerd/ttrpc, request.proto; google/rpc/status.proto.
"""

from __future__ import annotations

from itertools import chain

from tiffin.ttrpc.status import Code, Detail, Status
from tiffin.ttrpc.value import Value
from tiffin.ttrpc.wire.protobuf import BYTES, VARINT, bytes_field, fields, number_field, signed, tag_of, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeVar

    T = TypeVar("T")

    Pairs = tuple[tuple[str, str], ...]

_SERVICE, _METHOD, _PAYLOAD, _METADATA = (tag_of(number, BYTES) for number in (1, 2, 3, 5))
_TIMEOUT = tag_of(4, VARINT)
_STATUS, _RESULT = tag_of(1, BYTES), tag_of(2, BYTES)
_CODE, _MESSAGE, _DETAIL = tag_of(1, VARINT), tag_of(2, BYTES), tag_of(3, BYTES)
_FIRST, _SECOND = tag_of(1, BYTES), tag_of(2, BYTES)  # key and value of metadata; type and value of a detail

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
        parts = [bytes_field(_SERVICE, self.service.encode()), bytes_field(_METHOD, self.method.encode())]
        if self.payload:
            parts.append(bytes_field(_PAYLOAD, self.payload))
        if self.timeout_nano:
            parts.append(number_field(_TIMEOUT, self.timeout_nano))
        parts += (
            bytes_field(_METADATA, _encode_two(key.encode(), value.encode())) for key, value in self.metadata
        )
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> Request:
        """The request in `data`. Raises Malformed."""
        service = method = ""
        payload, timeout = b"", 0
        metadata: list[tuple[str, str]] = []
        for tag, value in fields(data):
            if tag == _SERVICE:
                service = text(value)
            elif tag == _METHOD:
                method = text(value)
            elif tag == _PAYLOAD:
                payload = value
            elif tag == _TIMEOUT:
                timeout = signed(value, 64)
            elif tag == _METADATA:
                metadata.append(_decode_two(value, text, ""))
        return cls(service, method, payload, timeout, tuple(metadata))


class Response(Value):
    """How a call ended, and with what."""

    __slots__ = ("payload", "status")

    def __init__(self, status: Status = SUCCESS, payload: bytes = b"") -> None:
        self.status = status
        self.payload = payload

    def encode(self) -> bytes:
        """Its bytes."""
        status = _encode_status(self.status) if self.status is not SUCCESS else b""
        parts = (
            bytes_field(_STATUS, status) if status else b"",
            bytes_field(_RESULT, self.payload) if self.payload else b"",
        )
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> Response:
        """The response in `data`. Raises Malformed."""
        payload = b""
        parts: list[bytes] = []  # of the status: a message that comes more than once is merged
        for tag, value in fields(data):
            if tag == _RESULT:
                payload = value
            elif tag == _STATUS:
                parts.append(value)
        return cls(_decode_status(parts) if parts else SUCCESS, payload)


def _encode_status(status: Status) -> bytes:
    parts = [number_field(_CODE, status.code)]
    if status.message:
        parts.append(bytes_field(_MESSAGE, status.message.encode(errors="backslashreplace")))
    for detail in status.details:
        url = detail.type_url.encode(errors="backslashreplace")
        parts.append(bytes_field(_DETAIL, _encode_two(url, detail.value)))
    return b"".join(parts)


def _decode_status(parts: list[bytes]) -> Status:
    code, message, details = 0, "", []
    for tag, value in chain.from_iterable(map(fields, parts)):
        if tag == _CODE:
            code = signed(value, 32)
        elif tag == _MESSAGE:
            message = text(value)
        elif tag == _DETAIL:
            details.append(Detail(*_decode_two(value, bytes, b"")))
    return Status(code, message, tuple(details))


def _encode_two(first: bytes, second: bytes) -> bytes:
    """A message of two fields."""
    return bytes_field(_FIRST, first) + bytes_field(_SECOND, second)


def _decode_two(data: bytes, kind: Callable[[bytes], T], none: T) -> tuple[str, T]:
    """A message of a string and something else, `none` if it is not there."""
    first, second = "", none
    for tag, value in fields(data):
        if tag == _FIRST:
            first = text(value)
        elif tag == _SECOND:
            second = kind(value)
    return first, second


def pairs_of(metadata: Mapping[str, str | Sequence[str]] | None) -> Pairs:
    """Metadata as it is sent: keys in lower case, as the Go implementation has them; each value with its key."""
    if not metadata:
        return ()
    return tuple(
        (key.lower(), value)
        for key, values in metadata.items()
        for value in ((values,) if isinstance(values, str) else values)
    )
