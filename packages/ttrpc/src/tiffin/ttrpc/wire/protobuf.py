"""As much of protobuf's encoding as the envelopes need.

By hand, because google.protobuf takes longer to import, and more memory, than all of this package; a program that
has its payloads as protobuf messages has paid for that already, one that passes bytes on has not.

Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

VARINT, FIXED64, BYTES, START_GROUP, END_GROUP, FIXED32 = range(6)  # wire types
DEEPEST = 100  # groups within groups

_WIDTHS = {FIXED64: 8, FIXED32: 4}
_MOST_VARINT = 10  # bytes
_MOST_TAG = 5  # bytes of a tag, or of a length
_SMALL = [bytes([number]) for number in range(0x80)]
_64_BITS = (1 << 64) - 1
_HIGHEST_TAG = (1 << 32) - 1


class Malformed(ValueError):
    """These bytes are no protobuf message."""


def varint(number: int) -> bytes:
    """A number, the low seven bits first; a negative one as its 64 bits."""
    if 0 <= number < 0x80:
        return _SMALL[number]
    number &= _64_BITS
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def tag_of(number: int, kind: int) -> int:
    """What stands before a field's value; less than 128 for the fields of envelopes."""
    return number << 3 | kind


def number_field(tag: int, value: int) -> bytes:
    """An integer; nothing if it is 0, as in proto3."""
    return b"%c%b" % (tag, varint(value)) if value else b""


def bytes_field(tag: int, value: bytes) -> bytes:
    """Bytes, a string or a message; also if there are none."""
    return b"%c%b%b" % (tag, varint(len(value)), value)


def signed(value: int, bits: int) -> int:
    """The int32 or int64 that a varint stands for: its low bits."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def text(value: bytes) -> str:
    """A string field. Raises Malformed if it is not UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"a string is not UTF-8: {error}") from error


def read_varint(data: bytes, position: int, most: int = _MOST_VARINT) -> tuple[int, int]:
    """The number at a position, of which 64 bits count, and the position after it.

    Raises:
        Malformed: it does not end within `most` bytes.
    """
    if position < len(data) and data[position] < 0x80:  # most are small
        return data[position], position + 1
    result = 0
    for count, byte in enumerate(data[position : position + most]):
        result |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return result & _64_BITS, position + count + 1
    raise Malformed(f"no number ends within {most} bytes of byte {position}")


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a message, in order: tag, and value: an integer for VARINT, bytes for BYTES.

    Those of other wire types, which no envelope has, are left out. Raises Malformed, where the reader comes to it.
    """
    position = 0
    while position < len(data):
        tag, position = _read_tag(data, position)
        if tag < 8:
            raise Malformed(f"there is a field 0 before byte {position}")
        if tag & 7 == BYTES:
            start, position = _extent(data, position)
            yield tag, data[start:position]
        elif tag & 7 == VARINT:
            value, position = read_varint(data, position)
            yield tag, value
        else:
            position = _skip(data, position, tag, DEEPEST)


def _read_tag(data: bytes, position: int) -> tuple[int, int]:
    tag, after = read_varint(data, position, _MOST_TAG)
    if tag > _HIGHEST_TAG:
        raise Malformed(f"byte {position} begins no field: {tag}")
    return tag, after


def _extent(data: bytes, position: int) -> tuple[int, int]:
    """Start and end of bytes whose length stands at a position."""
    length, start = read_varint(data, position, _MOST_TAG)
    return start, _within(data, start + length)


def _within(data: bytes, end: int) -> int:
    if end > len(data):
        raise Malformed(f"a field ends at byte {end} of {len(data)}")
    return end


def _skip(data: bytes, position: int, tag: int, deepest: int) -> int:
    """The position after a value."""
    kind = tag & 7
    if kind in _WIDTHS:
        return _within(data, position + _WIDTHS[kind])
    if kind == VARINT:
        return read_varint(data, position)[1]
    if kind == BYTES:
        return _extent(data, position)[1]
    if kind == START_GROUP and deepest:
        return _skip_group(data, position, tag >> 3, deepest - 1)
    raise Malformed(f"no field can be before byte {position}: wire type {kind}")


def _skip_group(data: bytes, position: int, number: int, deepest: int) -> int:
    while True:
        tag, position = _read_tag(data, position)
        if tag & 7 == END_GROUP:
            if tag >> 3 != number:
                raise Malformed(f"group {number} ends as group {tag >> 3}")
            return position
        position = _skip(data, position, tag, deepest)
