"""Fields of an event's message, by name, for filters: `event.container_id`, `event.io.stdin`, `event.labels.a.b`.

As the generated Field methods of containerd's messages do it: texts, flags, maps of texts and messages within messages
can be compared; numbers and lists cannot. What is empty is not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import Message


def field_of(event: Any, path: Sequence[str]) -> str | None:
    """The text at that path; None for a message that we do not know, or where there is no such field."""
    try:
        kind = Default().FindMessageTypeByName(event.type_url.rpartition("/")[2])
        message = GetMessageClass(kind).FromString(event.value)
    except (KeyError, DecodeError):  # somebody else's message, which its publisher's filters see no better
        return None
    return _text_at(message, path)


def _text_at(message: Message, path: Sequence[str]) -> str | None:
    field = message.DESCRIPTOR.fields_by_name.get(path[0]) if path else None
    if field is None:
        return None
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        if any(part.type != FieldDescriptor.TYPE_STRING for part in field.message_type.fields):
            return None
        value: str | None = getattr(message, field.name).get(".".join(path[1:]))
        return value or None
    if field.is_repeated:
        return None
    if field.message_type is not None:
        return _text_at(getattr(message, field.name), path[1:]) if message.HasField(field.name) else None
    return _scalar(getattr(message, field.name), field.type)


def _scalar(value: object, kind: int) -> str | None:
    if kind == FieldDescriptor.TYPE_STRING:
        return str(value) or None
    if kind == FieldDescriptor.TYPE_BOOL:
        return str(value).lower()
    return None
