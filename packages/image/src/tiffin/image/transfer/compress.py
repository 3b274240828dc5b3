"""Compressing a layer: gzip by isal where it is installed, zstd by zstandard; equal content gives equal bytes."""

from __future__ import annotations

from typing import Protocol

from tiffin.image.errors import Unsupported


class Compressor(Protocol):
    """What zlib's, isal's and zstandard's compressors have in common."""

    def compress(self, data: bytes, /) -> bytes:
        """Takes data, and returns what is ready."""
        ...

    def flush(self) -> bytes:
        """The rest."""
        ...


class Plain:
    """No compression."""

    def compress(self, data: bytes, /) -> bytes:
        """The data itself."""
        return data

    def flush(self) -> bytes:
        """Nothing."""
        return b""


class Even:
    """Gives a compressor pieces of one size: what isal makes of the same data depends on how it comes.

    Args:
        inner: the compressor.
    """

    def __init__(self, inner: Compressor) -> None:
        self._inner = inner
        self._waiting = bytearray()

    def compress(self, data: bytes, /) -> bytes:
        """Takes data, and returns what is ready."""
        self._waiting += data
        end = len(self._waiting) - len(self._waiting) % PIECE
        if not end:
            return b""
        pieces = [self._inner.compress(bytes(self._waiting[at : at + PIECE])) for at in range(0, end, PIECE)]
        del self._waiting[:end]
        return b"".join(pieces)

    def flush(self) -> bytes:
        """The rest."""
        return self._inner.compress(bytes(self._waiting)) + self._inner.flush()


PIECE = 256 * 1024
GZIP_WINDOW = 31  # zlib's window of 15 bits, and 16 for a gzip header, which then has no time and no name
GZIP_LEVEL, ISAL_LEVEL, ZSTD_LEVEL = 6, 2, 3
MOST_ISAL = 3  # isal's levels end there; what asks for more gets zlib


def compressor(kind: str, level: int = 0) -> Compressor:
    """A compressor. kind: gzip, zstd or none. level: 0 for the usual one.

    Raises:
        Unsupported: for another kind or level, or without the library.
    """
    try:
        return KINDS[kind](level)
    except KeyError:
        raise Unsupported(f"layers are not compressed with {kind!r}, but with {', '.join(KINDS)}") from None
    except ValueError as error:
        raise Unsupported(f"{kind} has no level {level}: {error}") from error


def _gzip(level: int) -> Compressor:
    import zlib

    if level <= MOST_ISAL:
        try:
            from isal import isal_zlib
        except ImportError:
            pass
        else:
            made: Compressor = isal_zlib.compressobj(level or ISAL_LEVEL, wbits=GZIP_WINDOW)
            return Even(made)
    return zlib.compressobj(level or GZIP_LEVEL, wbits=GZIP_WINDOW)


def _zstd(level: int) -> Compressor:
    try:
        import zstandard
    except ImportError as error:
        raise Unsupported("to compress with zstd, install the library zstandard") from error
    if level > zstandard.MAX_COMPRESSION_LEVEL:
        raise ValueError(f"the highest is {zstandard.MAX_COMPRESSION_LEVEL}")
    made: Compressor = zstandard.ZstdCompressor(level=level or ZSTD_LEVEL).compressobj()
    return made


def _plain(_level: int) -> Compressor:
    return Plain()


KINDS = {"gzip": _gzip, "zstd": _zstd, "none": _plain}
