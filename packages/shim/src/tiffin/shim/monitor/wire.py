"""Messages to packets and back; `table.py` tells the encoding, `messages.py` has the messages."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Any, TypeVar

from tiffin.runtime.errors import InvalidArgument

from .messages import LONGEST_MESSAGE, MESSAGES, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

M = TypeVar("M", bound=Message)

_HEADER = struct.Struct("=HHI")  # number, 0, serial
_COUNT = struct.Struct("=I")
_INT = struct.Struct("=q")


def encode(message: Message, serial: int) -> bytes:
    """One packet.

    Raises:
        InvalidArgument: it is longer than a packet may be, a text holds NUL, or a number has more than 64 bits.
    """
    packet = _HEADER.pack(message._number, 0, serial) + encode_fields(message)  # noqa: SLF001
    if len(packet) > LONGEST_MESSAGE:
        raise InvalidArgument(f"a request of {len(packet)} bytes; a monitor takes {LONGEST_MESSAGE}")
    return packet


def encode_fields(message: Message) -> bytes:
    """A message without its header, as it stands in a list of records."""
    pairs = zip(message._kinds, message, strict=True)  # noqa: SLF001
    try:
        return b"".join(_WRITERS[kind](value) for kind, value in pairs)
    except struct.error as error:
        raise InvalidArgument(f"{type(message).__name__}: {error}") from error


def decode(packet: bytes) -> tuple[int, Message]:
    """The serial and the message of a packet; a bare Message for one that only a newer monitor knows.

    Raises:
        ValueError: it is malformed.
    """
    if len(packet) < _HEADER.size:
        raise ValueError(f"a packet of {len(packet)} bytes")
    number, _, serial = _HEADER.unpack_from(packet)
    return serial, decode_fields(MESSAGES.get(number, Message), packet[_HEADER.size :])


def decode_fields(message: type[M], data: bytes) -> M:
    """Fields that an older monitor does not send have their defaults; those that we do not know are skipped."""
    reader = _Reader(data)
    values: list[Any] = []
    for kind in message._kinds:  # noqa: SLF001
        if reader.is_at_end():
            break
        values.append(_READERS[kind](reader))
    return message(*values)


class _Reader:
    """What is left of a message's fields."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def is_at_end(self) -> bool:
        return self._at == len(self._data)

    def take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) != length:
            raise ValueError("a message that is cut off")
        self._at += length
        return taken

    def take_number(self, form: struct.Struct) -> int:
        number: int = form.unpack(self.take(form.size))[0]
        return number

    def take_int(self) -> int:
        return self.take_number(_INT)

    def take_bytes(self) -> bytes:
        return self.take(self.take_number(_COUNT))

    def take_text(self) -> str:
        text = self.take_bytes()
        self.take(1)
        return os.fsdecode(text)

    def take_list(self, item: Callable[[], Any]) -> tuple[Any, ...]:
        return tuple(item() for _ in range(self.take_number(_COUNT)))


def _put_bytes(data: bytes) -> bytes:
    return _COUNT.pack(len(data)) + data


def _put_text(text: str) -> bytes:
    data = os.fsencode(text)
    if 0 in data:
        raise InvalidArgument(f"NUL in {text!r}")
    return _put_bytes(data) + b"\0"


def _put_list(item: Callable[[Any], bytes], values: Sequence[Any]) -> bytes:
    return _COUNT.pack(len(values)) + b"".join(item(value) for value in values)


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    "int": _INT.pack,
    "text": _put_text,
    "bytes": _put_bytes,
    "texts": lambda values: _put_list(_put_text, values),
    "ints": lambda values: _put_list(_INT.pack, values),
    "records": lambda values: _put_list(_put_bytes, values),
}
_READERS: dict[str, Callable[[_Reader], Any]] = {
    "int": _Reader.take_int,
    "text": _Reader.take_text,
    "bytes": _Reader.take_bytes,
    "texts": lambda reader: reader.take_list(reader.take_text),
    "ints": lambda reader: reader.take_list(reader.take_int),
    "records": lambda reader: reader.take_list(reader.take_bytes),
}
