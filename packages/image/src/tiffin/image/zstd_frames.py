"""`Counted`: a zstd stream whose frames are followed by their headers, so that a cut one is told from the end.

The library's own reader takes both for the end, and its other interface bounds no output. Source: RFC 8878, 3.1.
"""

from __future__ import annotations

from collections.abc import Generator

from tiffin.image.verified import Readable

SKIPPABLE = b"\x2a\x4d\x18"
RLE = 1


class Counted:
    """Reads another stream; `whole` tells whether what came out are whole frames."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._walk = _frames()
        self._wanted = next(self._walk)
        self._have = bytearray()
        self._skip = 0
        self._inside = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        data = self._stream.read(size)
        at = 0
        while at < len(data):
            self._inside = True
            at = self._skipped(data, at) if self._skip else self._gathered(data, at)
        return data

    def whole(self) -> bool:
        """Whether the last frame is complete."""
        return not self._inside

    def _skipped(self, data: bytes, at: int) -> int:
        count = min(self._skip, len(data) - at)
        self._skip -= count
        if not self._skip:
            self._step(b"")
        return at + count

    def _gathered(self, data: bytes, at: int) -> int:
        taken = data[at : at + self._wanted - len(self._have)]
        self._have += taken
        if len(self._have) == self._wanted:
            header = bytes(self._have)
            self._have.clear()
            self._step(header)
        return at + len(taken)

    def _step(self, header: bytes) -> None:
        """Positive: so many bytes are looked at; negative: so many are not; 0: a frame has ended."""
        wanted = self._walk.send(header)
        if wanted == 0:
            self._inside = False
            wanted = next(self._walk)
        self._wanted, self._skip = (wanted, 0) if wanted > 0 else (0, -wanted)


def _frames() -> Generator[int, bytes, None]:
    while True:
        magic = yield 4
        if magic[1:] == SKIPPABLE:
            size = int.from_bytes((yield 4), "little")
            if size:
                yield -size
        else:
            yield from _frame()
        yield 0


def _frame() -> Generator[int, bytes, None]:
    descriptor = (yield 1)[0]
    single = descriptor >> 5 & 1
    fields = (1 - single) + (0, 1, 2, 4)[descriptor & 3] + (single, 2, 4, 8)[descriptor >> 6]
    if fields:
        yield -fields
    last = 0
    while not last:
        block = int.from_bytes((yield 3), "little")
        last, kind, size = block & 1, block >> 1 & 3, block >> 3
        if size:
            yield -(1 if kind == RLE else size)
        elif kind == RLE:
            yield -1
    if descriptor & 4:
        yield -4
