"""`Envelope`: an event with its number, time, namespace and topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.manager.events.fields import field_of
from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.any_pb2 import Any


class Envelope(Record):
    """One event, as the exchange keeps it.

    Args:
        sequence: its number in its exchange: each event has one more than the one before.
        timestamp: when it was published, nanoseconds since 1970.
        namespace: in whose namespace it happened.
        topic: `/tasks/exit` and the like.
        event: the message, with its name.
    """

    sequence: int
    timestamp: int
    namespace: str
    topic: str
    event: Any

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
        return len(self.event.value) + len(self.event.type_url) + len(self.topic) + len(self.namespace) + 400
