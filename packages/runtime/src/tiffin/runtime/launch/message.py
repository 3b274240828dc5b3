"""Messages of the core to the controller, as they come out of the pipe.

type:u32  operation:i32  errno:i32  text_length:u32  a:i64  b:i64  text[text_length]      little-endian
"""

from __future__ import annotations

import posix

from ..errors import RuntimeFailure
from ..record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER_SIZE = 32
TEXT_MAXIMUM = 4096 - HEADER_SIZE  # a message is one write of at most PIPE_BUF bytes
READ_SIZE = 65536


class Message(Record):
    """One message; what a, b and operation mean depends on the type (`plan.table.MESSAGES`)."""

    type: int
    operation: int
    errno: int
    a: int
    b: int
    text: str


def read_messages(descriptor: int, *, stop: int = -1) -> Iterator[Message]:
    """Yields messages until every writer is gone.

    Args:
        stop: a descriptor that becomes readable when nobody wants the rest any more; -1 for none.

    Raises:
        RuntimeFailure: what came is not a message, or is cut short.
        TimedOut: `stop` said so.
    """
    buffer = b""
    while data := _read(descriptor, stop):
        buffer += data
        while len(buffer) >= HEADER_SIZE:
            end = HEADER_SIZE + int.from_bytes(buffer[12:16], "little")
            if end > HEADER_SIZE + TEXT_MAXIMUM:
                raise RuntimeFailure("the executor sent something that is not a message")
            if len(buffer) < end:
                break
            yield _decode(buffer[:end])
            buffer = buffer[end:]
    if buffer:
        raise RuntimeFailure("the executor died in the middle of a message")


def _read(descriptor: int, stop: int) -> bytes:
    if stop >= 0:
        from .stopping import wait_until_readable

        wait_until_readable(descriptor, stop)
    return posix.read(descriptor, READ_SIZE)


def _decode(data: bytes) -> Message:
    def number(start: int, end: int) -> int:
        return int.from_bytes(data[start:end], "little", signed=True)

    text = data[HEADER_SIZE:].decode("utf-8", "replace")
    return Message(number(0, 4), number(4, 8), number(8, 12), number(16, 24), number(24, 32), text)
