"""`Source`: a stream of bytes, taken in exact pieces without copying them; `FileSource`: one on a file."""

from __future__ import annotations

import os

from tiffin.image.errors import InvalidImage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from tiffin.image.verified import Readable

CHUNK = 1024 * 1024
BROKEN = "the layer's tar archive is broken: it ends in the middle"


class Source:
    """Takes exact pieces off a stream.

    Args:
        stream: what is read.
        limit: how many bytes it may have; None for any number.
    """

    def __init__(self, stream: Readable, limit: int | None = None) -> None:
        self._stream = stream
        self._limit = limit
        self._view = memoryview(b"")
        self._at = 0
        self._before = 0  # bytes of the chunks before this one

    @property
    def offset(self) -> int:
        """How many bytes were taken."""
        return self._before + self._at

    def _more(self) -> bool:
        """Reads the next chunk; there must be nothing left of this one. Tells whether there is one."""
        self._before += len(self._view)
        self._view, self._at = memoryview(self._stream.read(CHUNK)), 0
        if self._limit is not None and self._before + len(self._view) > self._limit:
            raise InvalidImage(f"the layer has more than {self._limit} bytes, which is the limit set")
        return len(self._view) > 0

    def ended(self) -> bool:
        """Whether nothing is left."""
        return self._at == len(self._view) and not self._more()

    def block(self) -> bytes | None:
        """The next 512 bytes; None at the end of the stream.

        Raises:
            InvalidImage: if it ends in the middle.
        """
        at = self._at
        if len(self._view) - at >= 512:
            self._at = at + 512
            return self._view[at : at + 512].tobytes()
        if self.ended():
            return None
        return self.take(512)

    def take(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises InvalidImage if there are fewer."""
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[memoryview]:
        """Exactly `size` bytes in pieces; each is good until the next. Raises InvalidImage if there are fewer."""
        while size:
            if self._at == len(self._view) and not self._more():
                raise InvalidImage(BROKEN)
            piece = self._view[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    def skip(self, size: int) -> None:
        """Drops bytes. Raises InvalidImage if there are fewer."""
        left = len(self._view) - self._at
        if size <= left:
            self._at += size
            return
        for _ in self.pieces(size):
            pass


class FileSource(Source):
    """Takes pieces off a file, from its start; what is skipped is not read.

    Args:
        file: what is read; nobody else may seek in it meanwhile.
    """

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self._file = file
        self._size = os.fstat(file.fileno()).st_size

    def skip(self, size: int) -> None:
        """Drops bytes. Raises InvalidImage if there are fewer."""
        end = self.offset + size
        if end > self._size:
            raise InvalidImage(BROKEN)
        if size <= len(self._view) - self._at:
            self._at += size
            return
        self._file.seek(end)
        self._before, self._view, self._at = end, memoryview(b""), 0
