"""`RangesReader`: a blob by several requests at once, where one connection does not give what the line has.

It begins with one. If its first bytes come slower than `RegistrySettings.fast`, the rest is asked for in parts, a few
at a time, which come out in their order; so a registry nearby costs nothing more. Only of hosts that know ranges.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from tiffin.image.errors import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from tiffin.image.registry.download import BlobReader
    from tiffin.image.registry.retry import Clock

SAMPLE = 4 * 1024 * 1024  # bytes, after which one connection is judged
PART = 1024 * 1024
BLOCK = 256 * 1024


class RangesReader:
    """Reads a blob, or a part of it, as `BlobReader` does.

    Args:
        open_part: opens the bytes from one offset up to another.
        start, end: the first byte, and that after the last one.
        ranges: how many requests at once. fast: bytes a second that one connection is good enough with.
        clock: measures it.

    Raises (also from `read`): as `BlobReader`.
    """

    def __init__(
        self,
        open_part: Callable[[int, int], BlobReader],
        start: int,
        end: int,
        *,
        ranges: int,
        fast: float,
        clock: Clock,
    ) -> None:
        self._open_part = open_part
        self._position = start  # where the next request begins
        self._end = end
        self._ranges = ranges
        self._fast = fast
        self._clock = clock
        self._began = clock.monotonic()
        self._sample = start + SAMPLE if end - start >= SAMPLE + 2 * PART else end
        self._only: BlobReader | None = open_part(start, end)
        self._pool: ThreadPoolExecutor | None = None
        self._parts: deque[Future[bytes]] = deque()
        self._rest = memoryview(b"")
        self._closed = Event()

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        if self._only is not None:
            data = self._only.read(min(size, max(self._sample - self._position, 1)))
            self._position += len(data)
            if self._position >= self._sample:
                self._judge(self._only)
            return data
        if not self._rest and self._parts:
            self._rest = memoryview(self._parts.popleft().result())
            self._ask()
        data, self._rest = self._rest[:size].tobytes(), self._rest[size:]
        return data

    def _judge(self, only: BlobReader) -> None:
        """Decides, once, whether the rest comes in parts."""
        seconds = self._clock.monotonic() - self._began
        slow = seconds * self._fast > SAMPLE
        worth = self._sample != self._end and self._ranges > 1
        if worth and slow and only.knows_ranges:
            only.close()
            self._only = None
            self._pool = ThreadPoolExecutor(self._ranges, "tiffin-range")
            for _ in range(self._ranges):
                self._ask()
        self._sample = self._end + 1

    def _ask(self) -> None:
        """Asks for the next part, if there is one."""
        if self._pool is not None and self._position < self._end:
            stop = min(self._position + PART, self._end)
            self._parts.append(self._pool.submit(self._read_part, self._position, stop))
            self._position = stop

    def _read_part(self, start: int, stop: int) -> bytes:
        blocks = []
        with self._open_part(start, stop) as part:
            while block := part.read(BLOCK):
                if self._closed.is_set():
                    raise Unavailable("the blob is not wanted any more")
                blocks.append(block)
        return b"".join(blocks)

    def close(self) -> None:
        """Ends it; waits for the requests that are under way."""
        self._closed.set()
        if self._only is not None:
            self._only.close()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
