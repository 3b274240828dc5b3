"""Flattens a plan to the blob that the C core decodes (`core/decode.c`).

    blob      = magic[8] version:u32 flags:u32 count:u32 length:u32 operation*
    operation = number:u16 step:u16 size:u32 field*          (size: bytes of the fields)
    int       = i64                  text, bytes = length:u32 byte* NUL
    text?     = text, or length 0xffffffff and nothing else   texts, ints = count:u32 item*
All little-endian, without padding; length counts the whole blob.
"""

from __future__ import annotations

from .operations import KINDS, WIRE_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .operation import Operation, Plan

MAGIC = b"TIFFIN\x00\x01"
HEADER_SIZE = 24
FLAG_TRACE = 1
ABSENT = b"\xff\xff\xff\xff"


def encode(plan: Plan, *, trace: bool = False, encoded: Mapping[int, bytes] | None = None) -> bytes:
    """The plan as the core reads it.

    Args:
        encoded: what `encode_operation` made before, by the id() of operations that live.

    Raises:
        ValueError: a text holds a NUL, or a number does not fit in 64 bits.
    """
    body = bytearray()
    known = encoded or {}
    for operation in plan.operations:
        body += known.get(id(operation)) or encode_operation(operation)
    flags = FLAG_TRACE if trace else 0
    count = len(plan.operations)
    return (
        MAGIC + _u32(WIRE_VERSION) + _u32(flags) + _u32(count) + _u32(HEADER_SIZE + len(body)) + bytes(body)
    )


def encode_operation(operation: Operation) -> bytes:
    """One operation, with its head; raises as `encode` does."""
    number, step, where, arguments = operation
    kinds = KINDS[number]
    if len(kinds) != len(arguments):
        raise ValueError(f"operation {number} has {len(arguments)} fields, the table says {len(kinds)}")
    fields: bytes = b""
    for kind, value in zip(kinds, arguments):  # noqa: B905  # lengths were compared above
        try:
            if kind == "int":  # the two that most fields are
                fields += value.to_bytes(8, "little", signed=True)
            elif kind == "text":
                fields += _text(value)
            else:
                fields += encode_field(kind, value)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{where or 'plan'}: {error}") from error
    head: int = number | step << 16 | len(fields) << 32
    return head.to_bytes(8, "little") + fields


def encode_field(kind: str, value: Any) -> bytes:
    """One field by its kind in the table."""
    if kind == "int":
        number: int = value
        return number.to_bytes(8, "little", signed=True)
    if kind == "text" or (kind == "text?" and value is not None):
        return _text(value)
    if kind == "text?":
        return ABSENT
    if kind == "bytes":
        data: bytes = value
        return _u32(len(data)) + data + b"\0"
    if kind == "texts":
        return _u32(len(value)) + b"".join(map(_text, value))
    return _u32(len(value)) + b"".join(item.to_bytes(8, "little", signed=True) for item in value)


def _text(value: str) -> bytes:
    data = value.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise ValueError(f"text holds a NUL byte: {value!r}")
    return len(data).to_bytes(4, "little") + data + b"\0"


def _u32(value: int) -> bytes:
    return value.to_bytes(4, "little")
