"""Payloads: encoded and decoded by their own classes, whose errors are mapped here."""

from __future__ import annotations

from tiffin.ttrpc.status import Code, RpcError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self, TypeVar

    from tiffin.ttrpc.protocols import Message

    T = TypeVar("T", bound=Message)


class Raw(bytes):
    """A message that is left encoded: for proxies, and for programs without protobuf."""

    def SerializeToString(self) -> bytes:  # noqa: N802  # protobuf's name
        """The bytes themselves."""
        return bytes(self)

    @classmethod
    def FromString(cls, data: bytes, /) -> Self:  # noqa: N802  # protobuf's name
        """The bytes, whatever they are."""
        return cls(data)


def encode(message: Message) -> bytes:
    """A message's bytes.

    Raises:
        RpcError: INTERNAL: it cannot be encoded, or is no message.
    """
    try:
        return message.SerializeToString()
    except Exception as error:  # of the message's class, which may raise what it likes
        raise RpcError(Code.INTERNAL, f"{type(message).__name__} cannot be encoded: {error}") from error


def decode(kind: type[T], data: bytes, code: Code) -> T:
    """The message that `data` holds.

    Raises:
        RpcError: `code`: it holds none of this kind.
    """
    try:
        return kind.FromString(data)
    except Exception as error:
        name = getattr(kind, "__name__", kind)
        raise RpcError(code, f"{len(data)} bytes cannot be decoded as {name}: {error}") from error
