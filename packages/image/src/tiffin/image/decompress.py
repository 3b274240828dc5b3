"""Uncompressed, gzip and zstd streams, told apart by their first bytes, as Docker and containerd do it.

A media type may lie about the compression; the digests of both sides are checked by the caller.
"""

from __future__ import annotations

import io
import zlib
from typing import IO, Any, cast

from .errors import InvalidImage, Unsupported
from .verified import Readable

GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
BLOCK = 256 * 1024


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
    import gzip

    try:
        from isal import igzip, isal_zlib
    except ImportError:
        return Decompressed(
            gzip.GzipFile(fileobj=cast("IO[bytes]", stream), mode="rb"),
            (gzip.BadGzipFile, EOFError, zlib.error),
        )
    damage = (gzip.BadGzipFile, EOFError, cast("type[Exception]", isal_zlib.IsalError))
    reader: Readable = cast("Any", igzip).IGzipFile(fileobj=stream, mode="rb")  # untyped in its stubs
    return Decompressed(reader, damage)


def _zstd(stream: Readable) -> Readable:
    try:
        import zstandard
    except ImportError as error:
        raise Unsupported("the layer is compressed with zstd: install `tiffin-image[zstd]`") from error
    reader = zstandard.ZstdDecompressor().stream_reader(
        cast("IO[bytes]", stream), read_across_frames=True, closefd=False
    )
    return Decompressed(reader, (zstandard.ZstdError,))
