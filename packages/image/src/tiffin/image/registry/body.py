"""`ExactBody`: the body of an upload, of a known length, checked before its last byte is sent."""

from __future__ import annotations

import hashlib

from tiffin.image.digest import split_digest
from tiffin.image.errors import DigestMismatch, ImageFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.verified import Readable


class SourceFailed(ImageFailure):
    """What is to be sent cannot be read; its cause says why. Never tried again: it is not the network."""


class ExactBody:
    """Reads `length` bytes of a stream.

    Args:
        stream: what is read; not closed.
        length: bytes. digest: what the whole must hash to; "" for a part of a blob, which the registry then checks.
        name: for errors.
    """

    def __init__(self, stream: Readable, length: int, digest: str, name: str) -> None:
        self._stream = stream
        self._left = length
        self._digest = digest
        self._hash = hashlib.new(split_digest(digest)[0]) if digest else None
        self._name = name

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes. Raises DigestMismatch, SourceFailed."""
        if not self._left:
            return b""
        wanted = self._left if size < 0 else min(size, self._left)
        try:
            data = self._stream.read(wanted)
        except OSError as error:  # else requests would take it for a failure of the connection
            raise SourceFailed(f"{self._name} cannot be read: {error}") from error
        self._left -= len(data)
        if not data:
            raise DigestMismatch(f"{self._name} ends {self._left} bytes before the size its descriptor says")
        if self._hash is not None:
            self._hash.update(data)
            if not self._left:
                self._check(f"{self._hash.name}:{self._hash.hexdigest()}")
        return data

    def _check(self, found: str) -> None:
        if found != self._digest:
            raise DigestMismatch(
                f"{self._name} is damaged or forged: it should be {self._digest}, and is {found}"
            )
