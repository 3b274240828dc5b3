"""Messages within messages, put together from bytes. Source: protobuf's "Encoding", wire type LEN."""

from __future__ import annotations

LENGTH = 2  # the wire type
CONTINUED = 0x80


def embedded(field: int, message: bytes) -> bytes:
    """A field that holds a message which is encoded already; joined, they are a repeated field."""
    return b"%b%b%b" % (varint(field << 3 | LENGTH), varint(len(message)), message)


def varint(number: int) -> bytes:
    """A number that is not negative."""
    found = bytearray()
    while number >= CONTINUED:
        found.append(number & 0x7F | CONTINUED)
        number >>= 7
    found.append(number)
    return bytes(found)
