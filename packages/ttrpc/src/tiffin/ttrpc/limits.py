"""`Limits`: what bounds the memory that a peer can make us use."""

from __future__ import annotations

from dataclasses import dataclass

from tiffin.ttrpc.wire.frames import LONGEST


@dataclass(frozen=True, slots=True)
class Limits:
    """One table for both ends.

    Args:
        message: bytes of data in a frame, both ways; the protocol allows 4 MiB at the most.
        requests, request_bytes: that a connection may have at work; one more is refused, RESOURCE_EXHAUSTED.
        connections: that a server has; one more is closed at once.
        stream_messages, stream_bytes: that have come on a stream and were not read. With more, nothing is read from the
            connection, until its reader has taken half of them,
        patience: or until it has taken none for so many seconds: then the stream fails, RESOURCE_EXHAUSTED, and the
            connection goes on.
        write_buffer: bytes that the kernel has not taken yet. With more, streams do not send, and a server takes no
            requests.
    """

    message: int = LONGEST
    requests: int = 16384
    request_bytes: int = 64 << 20
    connections: int = 1024
    stream_messages: int = 64
    stream_bytes: int = LONGEST
    patience: float = 1.0
    write_buffer: int = 256 * 1024

    def __post_init__(self) -> None:
        if not 0 < self.message <= LONGEST:
            raise ValueError(f"a message may have 1 to {LONGEST} bytes, not {self.message}")


DEFAULT = Limits()
