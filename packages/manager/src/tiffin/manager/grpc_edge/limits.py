"""How big messages may be: containerd's limits, and lists in parts that keep to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

MOST_BYTES = 16 * 1024 * 1024  # containerd's defaults of max_recv_message_size and max_send_message_size
PART = 100  # containerd's lists of content and snapshots have that many a message

SERVER_OPTIONS = (
    ("grpc.max_receive_message_length", MOST_BYTES),
    ("grpc.max_send_message_length", MOST_BYTES),
    ("grpc.so_reuseport", 0),
)


def parts(items: Iterable[T], size: int = PART) -> Iterator[list[T]]:
    """The items in lists of up to `size`."""
    part: list[T] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
