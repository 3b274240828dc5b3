"""The wire format of protocol buffers, as far as CRIU's few messages need it.

Source: protobuf.dev, "Encoding". A message type is a dictionary: name of a field to (number, kind); a kind is `int`,
`bool`, `text` or another message type. A repeated field is a list on the way out.
"""

from __future__ import annotations

from typing import Any

MessageType = dict[str, tuple[int, Any]]
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WORD = (1 << 64) - 1


def encode(message_type: MessageType, message: dict[str, Any]) -> bytes:
    """A message; fields that are None are left out."""
    parts = []
    for name, value in message.items():
        number, kind = message_type[name]
        items = value if isinstance(value, list) else [value]
        parts += [_field(number, kind, item) for item in items if item is not None]
    return b"".join(parts)


def _field(number: int, kind: Any, value: Any) -> bytes:
    if kind in ("int", "bool"):
        return _varint(number << 3 | VARINT) + _varint(int(value) & WORD)
    data = value.encode("utf-8", "surrogateescape") if kind == "text" else encode(kind, value)
    return _varint(number << 3 | BYTES) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def decode(message_type: MessageType, data: bytes) -> dict[str, Any]:
    """The known fields of a message; of a repeated one the last.

    Raises:
        ValueError: it is cut off, or of another format.
    """
    names = {number: (name, kind) for name, (number, kind) in message_type.items()}
    message: dict[str, Any] = {}
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        raw, at = _read_value(data, at, key & 7)
        name, kind = names.get(key >> 3, ("", ""))
        if name:
            message[name] = _value(kind, raw)
    return message


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value & WORD, at
    raise ValueError("a message is cut off")


def _read_value(data: bytes, at: int, wire_type: int) -> tuple[int | bytes, int]:
    if wire_type == VARINT:
        return _read_varint(data, at)
    if wire_type in (FIXED32, FIXED64):
        size = 4 if wire_type == FIXED32 else 8
    elif wire_type == BYTES:
        size, at = _read_varint(data, at)
    else:
        raise ValueError(f"wire type {wire_type}")
    if at + size > len(data):
        raise ValueError("a message is cut off")
    return data[at : at + size], at + size


def _value(kind: Any, raw: int | bytes) -> Any:
    if isinstance(raw, int):
        if kind == "bool":
            return raw != 0
        return raw - (1 << 64) if raw >> 63 else raw
    if kind == "text":
        return raw.decode("utf-8", "surrogateescape")
    return decode(kind, raw) if isinstance(kind, dict) else raw
