"""`VerifiedReader`: a stream that is what its digest says, or an error."""

from __future__ import annotations

import hashlib

from tiffin.image.digest import split_digest
from tiffin.image.errors import DigestMismatch

BLOCK = 256 * 1024

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # importing typing takes longer than everything that is done here


class Readable(Protocol):
    """What a stream must be able to do here."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""


class VerifiedReader:
    """Reads another stream, and checks its size and digest at the end of it.

    The caller must read to the end, or call `finish`, before what came out is trusted.

    Args:
        stream: what is read; it is not closed with the reader.
        digest: what the whole of it must hash to.
        size: how many bytes it must have; None if nobody said.
        name: what it is, for the error.
    """

    def __init__(self, stream: Readable, digest: str, size: int | None, name: str) -> None:
        self._stream = stream
        self._digest = digest
        self._size = size
        self._name = name
        self._hash = hashlib.new(split_digest(digest)[0])
        self._seen = 0
        self._checked = False

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes. Raises DigestMismatch at the end, or as soon as there are too many."""
        data = self._stream.read(size)
        self._take(data)
        return data

    def finish(self) -> None:
        """Reads the rest.

        Raises:
            DigestMismatch: if this is not what the descriptor says.
        """
        while not self._checked:
            self._take(self._stream.read(BLOCK))

    def _take(self, data: bytes) -> None:
        self._hash.update(data)
        self._seen += len(data)
        if self._size is not None and self._seen > self._size:
            raise DigestMismatch(
                f"{self._name} has more than the {self._size} bytes that its descriptor says"
            )
        if not data and not self._checked:
            self._check()

    def _check(self) -> None:
        if self._size is not None and self._seen != self._size:
            raise DigestMismatch(f"{self._name} has {self._seen} bytes, its descriptor says {self._size}")
        found = f"{self._hash.name}:{self._hash.hexdigest()}"
        if found != self._digest:
            raise DigestMismatch(
                f"{self._name} is damaged or forged: it should be {self._digest}, and is {found}"
            )
        self._checked = True
