"""Messages within messages, put together from bytes. Source: protobuf's "Encoding", wire type LEN."""

from __future__ import annotations

LENGTH = 2  # the wire type
CONTINUED = 0x80


def embedded(field: int, *messages: bytes) -> bytes:
    """A field that holds messages which are encoded already; several are a repeated field."""
    tag = varint(field << 3 | LENGTH)
    parts: list[bytes] = []
    for message in messages:
        parts += (tag, varint(len(message)), message)
    return b"".join(parts)


def varint(number: int) -> bytes:
    """A number that is not negative."""
    found = bytearray()
    while number >= CONTINUED:
        found.append(number & 0x7F | CONTINUED)
        number >>= 7
    found.append(number)
    return bytes(found)
