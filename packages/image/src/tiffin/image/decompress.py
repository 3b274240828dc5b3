"""Uncompressed, gzip and zstd streams, told apart by their first bytes, as Docker and containerd do it.

A media type may lie about the compression; the digests of both sides are checked by the caller.
"""

from __future__ import annotations

import io
import zlib
from typing import IO, TYPE_CHECKING, Any, cast

from .errors import InvalidImage, Unsupported
from .verified import Readable
from .zstd_frames import Counted

if TYPE_CHECKING:
    from collections.abc import Callable

    import zstandard

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
BLOCK = 256 * 1024
GZIP_FORM = 31  # zlib's number for a window of 32 kB in a gzip member, with its checksum


class Decompressed:
    """A stream whose library reports damage by an error of its own; it becomes InvalidImage.

    Args:
        stream: the library's reader.
        damage: the errors that the library raises for broken data.
    """

    def __init__(self, stream: Readable, damage: tuple[type[Exception], ...]) -> None:
        self._stream = stream
        self._damage = damage

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes. Raises InvalidImage if the compressed data is broken."""
        try:
            return self._stream.read(size)
        except self._damage as error:
            raise InvalidImage(f"the layer's compressed data is broken: {error}") from error


class Rewound(io.RawIOBase):
    """A stream of which the first bytes were already read; with all methods that the libraries may ask for."""

    def __init__(self, head: bytes, stream: Readable) -> None:
        super().__init__()
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; all that is left for -1."""
        if size < 0:
            return self.readall()
        if not self._head:
            return self._stream.read(size)
        data, self._head = self._head[:size], self._head[size:]
        return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any writable buffer
        """Fills the buffer as far as there is something at once."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def decompressed(stream: Readable) -> Readable:
    """A reader of what is inside of `stream`.

    Raises:
        Unsupported: for zstd without the zstandard library.
    """
    head = stream.read(BLOCK)
    buffered = Rewound(head, stream)
    magic = head[:4]
    if magic.startswith(GZIP):
        return _gzip(buffered)
    if _is_zstd(magic):
        return _zstd(buffered)
    return buffered


def is_compressed(magic: bytes) -> bool:
    """Whether something that starts with these four bytes is compressed."""
    return magic.startswith(GZIP) or _is_zstd(magic)


def _is_zstd(magic: bytes) -> bool:
    """A frame, or a skippable one, which zstd:chunked may put first (RFC 8878)."""
    return magic == ZSTD or (magic[1:] == b"\x2a\x4d\x18" and 0x50 <= magic[0] <= 0x5F)


def _gzip(stream: Readable) -> Readable:
    try:
        from isal import isal_zlib
    except ImportError:
        return Decompressed(Members(stream, lambda: zlib.decompressobj(GZIP_FORM)), (zlib.error, EOFError))
    damage = (cast("type[Exception]", isal_zlib.IsalError), EOFError)
    return Decompressed(Members(stream, lambda: isal_zlib.decompressobj(GZIP_FORM)), damage)


def _zstd(stream: Readable) -> Readable:
    try:
        import zstandard
    except ImportError as error:
        raise Unsupported("the layer is compressed with zstd: install `tiffin-image[zstd]`") from error
    return Decompressed(Frames(stream, zstandard.ZstdDecompressor()), (zstandard.ZstdError, EOFError))


class Members:
    """A reader of gzip members, one after the other (RFC 1952, 2.2); zeros may follow the last.

    Big blocks without the buffers of `gzip.GzipFile`: the library releases the interpreter's lock while it works.

    Args:
        stream: the compressed bytes.
        make: makes a decompressor of one member.
    """

    def __init__(self, stream: Readable, make: Callable[[], Any]) -> None:
        self._stream = stream
        self._make = make
        self._member = make()
        self._input = b""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes. Raises EOFError in the middle of a member, and the library's own errors."""
        while True:
            if self._member.eof and not self._next_member():
                return b""
            data = self._member.unconsumed_tail or self._input or self._stream.read(BLOCK)
            self._input = b""
            plain: bytes = self._member.decompress(data, size)
            if plain:
                return plain
            if not data and not self._member.eof:
                raise EOFError("it ends in the middle")

    def _next_member(self) -> bool:
        rest = self._member.unused_data.lstrip(b"\0")
        while not rest:
            block = self._stream.read(BLOCK)
            if not block:
                return False
            rest = block.lstrip(b"\0")
        self._member, self._input = self._make(), rest
        return True


class Frames:
    """A reader of zstd frames that tells a cut one from a whole one: the library's own takes both for the end."""

    def __init__(self, stream: Readable, decompressor: zstandard.ZstdDecompressor) -> None:
        self._counted = Counted(stream)
        self._reader = decompressor.stream_reader(
            cast("IO[bytes]", self._counted), read_size=BLOCK, read_across_frames=True, closefd=False
        )

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes. Raises EOFError in the middle of a frame, and ZstdError."""
        data = self._reader.read(size)
        if not data and not self._counted.whole():
            raise EOFError("it ends in the middle of a frame")
        return data
