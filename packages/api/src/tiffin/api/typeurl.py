"""Messages within messages, as containerd has them: an `Any` whose type_url is the message's bare name.

protobuf's own `Any.Pack` and `Any.Unpack` want a host before the name (`type.googleapis.com/...`). containerd writes
none, and reads what stands behind the last slash (its package typeurl).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from google.protobuf.any_pb2 import Any

if TYPE_CHECKING:
    from google.protobuf.message import Message

    AnyMessage = TypeVar("AnyMessage", bound=Message)


def pack(message: Message) -> Any:
    """The message, with its name."""
    return Any(type_url=message.DESCRIPTOR.full_name, value=message.SerializeToString(deterministic=True))


def holds(value: Any, kind: type[Message]) -> bool:
    """Whether it is a message of this class; a host before the name does not count."""
    return value.type_url.rpartition("/")[2] == kind.DESCRIPTOR.full_name


def unpack(value: Any, kind: type[AnyMessage]) -> AnyMessage:
    """The message in it.

    Raises:
        TypeError: it is a message of another class.
        google.protobuf.message.DecodeError: it is none at all.
    """
    if not holds(value, kind):
        raise TypeError(f"a message of type {value.type_url!r} where {kind.DESCRIPTOR.full_name} should be")
    return kind.FromString(value.value)
