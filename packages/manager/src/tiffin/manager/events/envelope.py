"""`Envelope`: an event with its number, time, namespace and topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.any_pb2 import Any

from tiffin.manager.events.fields import field_of
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

OVERHEAD = 250  # bytes of the objects themselves; their names are shared


class Envelope(Record):
    """One event, as the exchange keeps it.

    Args:
        sequence: its number in its exchange: each event has one more than the one before.
        timestamp: when it was published, nanoseconds since 1970.
        namespace: in whose namespace it happened.
        topic: `/tasks/exit` and the like.
        type_url: the name of the message. value: the message, encoded: as an object it would take ten times as much.
    """

    sequence: int
    timestamp: int
    namespace: str
    topic: str
    type_url: str
    value: bytes

    @property
    def event(self) -> Any:
        """The message, with its name."""
        return Any(type_url=self.type_url, value=self.value)

    def field(self, path: Sequence[str]) -> str | None:
        """What a filter compares: `topic`, `namespace`, `event.<field>...`; None where there is nothing."""
        if not path:
            return None
        if path[0] == "topic":
            return self.topic
        if path[0] == "namespace":
            return self.namespace
        if path[0] == "event":
            return field_of(self.event, path[1:])
        return None

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.value) + OVERHEAD
