"""Content digests: image-spec 1.1, descriptor.md, Digests. Parsed, computed, and verified while content streams by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from hashlib import _Hash

ALGORITHMS = {"sha256": 64, "sha384": 96, "sha512": 128}
"""What is supported, with the number of hexadecimal digits."""
CANONICAL = "sha256"

_FORM = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_HEXADECIMAL = re.compile(r"[a-f0-9]+")


class InvalidDigest(ValueError):
    """A text that is no digest, or one of an algorithm that is not supported."""


class DigestMismatch(ValueError):
    """Content that is not what its digest says."""

    def __init__(self, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"the content has the digest {found}, but should have {expected}")


class Digest(str):
    """algorithm:hex. A string, so that it can stand wherever the specs have one; made by `parse` and `of`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The digest that `text` is. Raises InvalidDigest: upper case hex, wrong length, unknown algorithm."""
        if not _FORM.fullmatch(text):
            raise InvalidDigest(f"{text[:200]!r} is not of the form algorithm:encoded")
        algorithm, _, encoded = text.partition(":")
        length = ALGORITHMS.get(algorithm)
        if length is None:
            raise InvalidDigest(f"the digest algorithm {algorithm!r} is none of {', '.join(ALGORITHMS)}")
        if len(encoded) != length or not _HEXADECIMAL.fullmatch(encoded):
            raise InvalidDigest(f"{text[:200]!r}: {algorithm} has {length} lower-case hexadecimal digits")
        return cls(text)

    @classmethod
    def of(cls, content: bytes | Iterable[bytes], algorithm: str = CANONICAL) -> Self:
        """The digest of bytes, or of the chunks of a stream."""
        hasher = _hasher(algorithm)
        for chunk in (content,) if isinstance(content, (bytes, bytearray, memoryview)) else content:
            hasher.update(chunk)
        return cls(f"{algorithm}:{hasher.hexdigest()}")

    @property
    def algorithm(self) -> str:
        return self.partition(":")[0]

    @property
    def encoded(self) -> str:
        return self.partition(":")[2]

    def verify(self, content: bytes | Iterable[bytes]) -> None:
        """Raises DigestMismatch unless the content has this digest."""
        found = Digest.of(content, self.algorithm)
        if found != self:
            raise DigestMismatch(self, found)


class Verifier:
    """Checks content that arrives in chunks against a digest, and a size if it is known.

    `update` raises DigestMismatch as soon as there is too much, `finish` if the whole is not what was expected.
    """

    def __init__(self, digest: Digest, size: int | None = None) -> None:
        self.digest = digest
        self.size = size
        self.seen = 0
        self._hasher = _hasher(digest.algorithm)

    def update(self, chunk: bytes) -> None:
        self.seen += len(chunk)
        if self.size is not None and self.seen > self.size:
            raise DigestMismatch(f"{self.digest} and {self.size} bytes", f"more than {self.size} bytes")
        self._hasher.update(chunk)

    def finish(self) -> None:
        if self.size is not None and self.seen != self.size:
            raise DigestMismatch(f"{self.digest} and {self.size} bytes", f"{self.seen} bytes")
        found = f"{self.digest.algorithm}:{self._hasher.hexdigest()}"
        if found != self.digest:
            raise DigestMismatch(self.digest, found)

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Passes chunks on, and raises DigestMismatch at their end, or before, if they are not the content."""
        for chunk in chunks:
            self.update(chunk)
            yield chunk
        self.finish()


def _hasher(algorithm: str) -> _Hash:
    import hashlib

    if algorithm not in ALGORITHMS:
        raise InvalidDigest(f"the digest algorithm {algorithm!r} is none of {', '.join(ALGORITHMS)}")
    return hashlib.new(algorithm)
