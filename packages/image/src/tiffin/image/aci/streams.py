"""The uncompressed bytes of an app container image: gzip, bzip2 and xz are told by the first bytes, and bounded."""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager

from tiffin.image.decompress import BLOCK, Rewound, decompressed
from tiffin.image.errors import InvalidImage, Unsupported
from tiffin.image.layers.limits import Limits
from tiffin.image.unpack import Bounded, Measured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from tiffin.image.verified import Readable

BZIP2 = b"BZh"
XZ = b"\xfd7zXZ\0"
MEMORY = 256 * 1024 * 1024  # for xz: its highest level, -9, needs 65 MiB; the format would allow 4 GiB
LIMITS = Limits(entries=1_000_000, size=64 * 1024**3, ratio=2000, free=64 * 1024**2)


class Hashed:
    """A stream whose SHA-512 and whose length are taken: an image's ID is that of its uncompressed bytes."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._hash = hashlib.sha512()
        self.seen = 0

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        data = self._stream.read(size)
        self._hash.update(data)
        self.seen += len(data)
        return data

    def finish(self) -> str:
        """Reads the rest; the image ID."""
        while self.read(BLOCK):
            pass
        return f"sha512-{self._hash.hexdigest()}"


@contextmanager
def opened(path: str, limits: Limits) -> Iterator[Hashed]:
    """The uncompressed bytes of the file.

    Raises:
        InvalidImage: if it is no file, is broken, or over the limits.
        Unsupported: if this Python was built without the compression. The text of both starts with the path, also of
            what is raised in the `with` block.
    """
    with open(path, "rb", opener=_open_at_once) as file:
        stored = Measured(file)
        try:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InvalidImage("it is no regular file, and an image is read more than once")
            yield Hashed(Bounded(plain(stored), stored, limits))
        except (InvalidImage, Unsupported) as error:
            raise type(error)(f"{path!r}: {error}") from error


def _open_at_once(path: str, flags: int) -> int:
    """A pipe that nobody writes to would let open(2) wait for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


def plain(stream: Readable) -> Readable:
    """A reader of what is inside of `stream`. Raises Unsupported."""
    head = stream.read(BLOCK)
    buffered = Rewound(head, stream)
    if head.startswith(BZIP2):
        return _bzip2(buffered)
    if head.startswith(XZ):
        return _xz(buffered)
    return decompressed(buffered)


def _bzip2(stream: Readable) -> Readable:
    try:
        from bz2 import BZ2Decompressor
    except ImportError as error:
        raise Unsupported("the image is compressed with bzip2, which this Python lacks") from error
    return Streams(stream, BZ2Decompressor, OSError)


def _xz(stream: Readable) -> Readable:
    try:
        from lzma import FORMAT_XZ, LZMADecompressor, LZMAError
    except ImportError as error:
        raise Unsupported("the image is compressed with xz, which this Python lacks") from error
    return Streams(stream, lambda: LZMADecompressor(FORMAT_XZ, memlimit=MEMORY), LZMAError)


class Streams:
    """A reader of bzip2's or xz's streams, one after the other; zeros may follow the last.

    Args:
        stream: the compressed bytes.
        make: makes a decompressor of one stream.
        damage: what it raises for broken data.
    """

    def __init__(self, stream: Readable, make: Callable[[], Any], damage: type[Exception]) -> None:
        self._stream = stream
        self._make = make
        self._damage = damage
        self._one = make()

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes. Raises InvalidImage for broken data, and in the middle of a stream."""
        data = b""
        while True:
            if self._one.eof:
                data = self._rest()
                if not data:
                    return b""
                self._one = self._make()
            elif self._one.needs_input:
                data = self._stream.read(BLOCK)
                if not data:
                    raise InvalidImage("the compressed data is broken: it ends in the middle")
            found = self._decompress(data, size)
            if found:
                return found
            data = b""

    def _decompress(self, data: bytes, size: int) -> bytes:
        try:
            found: bytes = self._one.decompress(data, size)
        except self._damage as error:
            raise InvalidImage(f"the compressed data is broken: {error}") from error
        return found

    def _rest(self) -> bytes:
        """What follows a stream, without zeros."""
        rest: bytes = self._one.unused_data.lstrip(b"\0")
        while not rest:
            block = self._stream.read(BLOCK)
            if not block:
                return b""
            rest = block.lstrip(b"\0")
        return rest
