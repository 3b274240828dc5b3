"""Between the messages of the services and the exchange.

A client of ours that asks for them (header `tiffin-events: numbered`) gets two more fields in each envelope, which
others do not know and would skip: the event's number, and the exchange's epoch. With the header
`tiffin-events-since: <epoch>/<number>`, of the last one that it has seen, it goes on after that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.api.containerd.types.event_pb2 import Envelope as EnvelopeMessage
from tiffin.runtime.errors import InvalidArgument
from tiffin.shim.events.messages import timestamp

if TYPE_CHECKING:
    from tiffin.manager.events.envelope import Envelope

NUMBERED, SINCE = "tiffin-events", "tiffin-events-since"
SEQUENCE_FIELD, EPOCH_FIELD = 1000, 1001  # far above containerd's own


def message_of(envelope: Envelope) -> EnvelopeMessage:
    """An event as containerd's clients know it."""
    return EnvelopeMessage(
        timestamp=timestamp(envelope.timestamp),
        namespace=envelope.namespace,
        topic=envelope.topic,
        event=envelope.event,
    )


def numbered(envelope: Envelope, epoch: str) -> bytes:
    """The same, encoded, with the two fields more."""
    number = _varint(SEQUENCE_FIELD << 3) + _varint(envelope.sequence)
    name = epoch.encode()
    life = _varint(EPOCH_FIELD << 3 | 2) + _varint(len(name)) + name
    return message_of(envelope).SerializeToString() + number + life


def _varint(value: int) -> bytes:
    """A number as protobuf encodes it: seven bits a byte, the lowest first."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))


def time_of(envelope: EnvelopeMessage) -> int | None:
    """Nanoseconds since 1970; None where the envelope has no time. Raises InvalidArgument: it is none."""
    try:
        return envelope.timestamp.ToNanoseconds() if envelope.HasField("timestamp") else None
    except ValueError as error:
        raise InvalidArgument(f"the time of an event: {error}") from None
