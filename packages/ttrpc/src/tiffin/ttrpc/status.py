"""How a call ended: `Code`, `Status`, and `RpcError`, the one exception of this package.

Source: google/rpc/status.proto and code.proto, whose numbers these are.
"""

from __future__ import annotations

from tiffin.ttrpc.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import ClassVar

_NAMES = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip


class Code(int):
    """A number of google.rpc.Code. A peer may send others, which are kept as they are."""

    OK: ClassVar[Code]
    CANCELLED: ClassVar[Code]
    UNKNOWN: ClassVar[Code]
    INVALID_ARGUMENT: ClassVar[Code]
    DEADLINE_EXCEEDED: ClassVar[Code]
    NOT_FOUND: ClassVar[Code]
    ALREADY_EXISTS: ClassVar[Code]
    PERMISSION_DENIED: ClassVar[Code]
    RESOURCE_EXHAUSTED: ClassVar[Code]
    FAILED_PRECONDITION: ClassVar[Code]
    ABORTED: ClassVar[Code]
    OUT_OF_RANGE: ClassVar[Code]
    UNIMPLEMENTED: ClassVar[Code]
    INTERNAL: ClassVar[Code]
    UNAVAILABLE: ClassVar[Code]
    DATA_LOSS: ClassVar[Code]
    UNAUTHENTICATED: ClassVar[Code]

    @property
    def name(self) -> str:
        """The name in code.proto; "CODE_<number>" for a number that has none there."""
        return _NAMES[self] if 0 <= self < len(_NAMES) else f"CODE_{int(self)}"

    def __repr__(self) -> str:
        return self.name

    __str__ = __repr__


for _number, _name in enumerate(_NAMES):
    setattr(Code, _name, Code(_number))


class Detail(Value):
    """More about an error: a google.protobuf.Any.

    Args:
        type_url: what `value` is, as in "type.googleapis.com/google.rpc.ErrorInfo".
        value: the encoded message.
    """

    __slots__ = ("type_url", "value")

    def __init__(self, type_url: str, value: bytes) -> None:
        self.type_url = type_url
        self.value = value


class Status(Value):
    """A google.rpc.Status: what ends a call."""

    __slots__ = ("code", "details", "message")

    def __init__(self, code: int, message: str = "", details: tuple[Detail, ...] = ()) -> None:
        self.code = Code(code)
        self.message = message
        self.details = details


class RpcError(Exception):
    """A call failed: raised by a handler to say how, and by a client that was told so, or that lost its server.

    Decide on `code`, never on the text.
    """

    def __init__(self, code: int, message: str = "", details: tuple[Detail, ...] = ()) -> None:
        super().__init__(code, message, details)
        self.status = Status(code, message, details)

    @classmethod
    def of(cls, status: Status) -> RpcError:
        """The error that a status tells of."""
        return cls(status.code, status.message, status.details)

    @property
    def code(self) -> Code:
        return self.status.code

    @property
    def message(self) -> str:
        return self.status.message

    @property
    def details(self) -> tuple[Detail, ...]:
        return self.status.details

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"
