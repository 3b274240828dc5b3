"""The events of tasks as containerd's protobuf messages: one table, event class to message class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from tiffin.api.containerd.events import task_pb2
from tiffin.runtime.record import Record

from . import values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

MESSAGES: Mapping[type[values.Event], type[Message]] = {
    values.TaskCreate: task_pb2.TaskCreate,
    values.TaskStart: task_pb2.TaskStart,
    values.TaskExit: task_pb2.TaskExit,
    values.TaskDelete: task_pb2.TaskDelete,
    values.TaskOOM: task_pb2.TaskOOM,
    values.TaskExecAdded: task_pb2.TaskExecAdded,
    values.TaskExecStarted: task_pb2.TaskExecStarted,
    values.TaskPaused: task_pb2.TaskPaused,
    values.TaskResumed: task_pb2.TaskResumed,
    values.TaskCheckpointed: task_pb2.TaskCheckpointed,
}
# Nanoseconds: the year 1, Go's zero time, which runc's shim and containerd say of what has not ended. For clients of
# containerd 2.x a time that is missing is 1970.
NEVER = -62_135_596_800 * 10**9
TIMES = frozenset({"exited_at"})  # nanoseconds here, a Timestamp there


def message_of(event: values.Event) -> Message:
    """The message that containerd's clients know."""
    message = MESSAGES[type(event)]()
    _fill(message, event)
    return message


def timestamp(nanoseconds: int) -> Timestamp:
    """A time as protobuf has it. nanoseconds: since 1970."""
    seconds, nanos = divmod(nanoseconds, 10**9)
    return Timestamp(seconds=seconds, nanos=nanos)


def _fill(message: Message, record: Record) -> None:
    for name, value in zip(record._fields, record, strict=True):
        if isinstance(value, Record):
            getattr(message, name).SetInParent()
            _fill(getattr(message, name), value)
        elif isinstance(value, tuple):
            _extend(getattr(message, name), value)
        elif name in TIMES:
            getattr(message, name).CopyFrom(timestamp(value))
        else:
            setattr(message, name, value)


def _extend(repeated: object, items: tuple[object, ...]) -> None:
    for item in items:
        if isinstance(item, Record):
            _fill(repeated.add(), item)  # type: ignore[attr-defined]  # protobuf has no type for these lists
        else:
            repeated.append(item)  # type: ignore[attr-defined]
