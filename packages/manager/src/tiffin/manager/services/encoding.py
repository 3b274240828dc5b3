"""Messages within messages, put together from bytes. Source: protobuf's "Encoding", wire type LEN."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LENGTH = 2  # the wire type
CONTINUED = 0x80


def embedded(field: int, message: bytes) -> bytes:
    """A field that holds a message which is encoded already."""
    return repeated(field, (message,))


def repeated(field: int, messages: Iterable[bytes]) -> bytes:
    """A repeated field; of the messages one is held at a time, beside what becomes the result."""
    tag = varint(field << 3 | LENGTH)
    made = BytesIO()
    for message in messages:
        made.write(tag + varint(len(message)))
        made.write(message)
    return made.getvalue()


def varint(number: int) -> bytes:
    """A number that is not negative."""
    found = bytearray()
    while number >= CONTINUED:
        found.append(number & 0x7F | CONTINUED)
        number >>= 7
    found.append(number)
    return bytes(found)
