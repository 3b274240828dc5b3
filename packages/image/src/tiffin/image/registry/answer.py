"""`Answer`: what a registry answered, whose body is read as it came and never further than somebody asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
import urllib3

from tiffin.image.errors import InvalidImage, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

BLOCK = 256 * 1024
SHORT = 16 * 1024  # bytes: reading them costs less than another connection


class Answer:
    """An answer of a registry; the caller closes it, best by `with`.

    Args:
        response: with `stream=True`, so that nothing of its body was read.
    """

    def __init__(self, response: requests.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.url = str(response.url)
        self.where = urlsplit(self.url).netloc
        self.headers = response.headers

    @property
    def length(self) -> int | None:
        """The Content-Length in bytes; None if there is none, or one that is no number."""
        text = self.headers.get("Content-Length", "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None

    @property
    def media_type(self) -> str:
        """The Content-Type without its parameters."""
        return str(self.headers.get("Content-Type", "")).partition(";")[0].strip().lower()

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end. Raises Unavailable if the connection breaks or is silent too long."""
        raw = self._response.raw
        try:  # `read1` (urllib3 2.2) gives what has come: `read` would lose it if the rest is too late
            return bytes(getattr(raw, "read1", raw.read)(size, decode_content=False))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Unavailable(f"{self.where}: the connection broke while reading: {error}") from error

    def read_start(self, most: int) -> bytes:
        """What there is of the first `most` bytes, however the body ends."""
        parts, left = [], most
        try:
            while left and (data := self.read(min(BLOCK, left))):
                parts.append(data)
                left -= len(data)
        except Unavailable:
            pass  # it is only for a message
        return b"".join(parts)

    def read_document(self, most: int, what: str) -> bytes:
        """All of the body.

        Raises:
            InvalidImage: if it has more than `most` bytes.
            Unavailable: if the connection breaks, or less came than was announced.
        """
        length = self.length
        if length is not None and length > most:
            raise InvalidImage(f"{self.where}: {what} has {length} bytes, more than the {most} that are read")
        parts, seen = [], 0
        while data := self.read(BLOCK):
            seen += len(data)
            if seen > most:
                raise InvalidImage(f"{self.where}: {what} has more than the {most} bytes that are read")
            parts.append(data)
        if length is not None and seen < length:
            raise Unavailable(f"{self.where}: {what} ended after {seen} of {length} bytes")
        return b"".join(parts)

    def close(self) -> None:
        """Gives the connection back if little of the body is left, else closes it."""
        length = self.length
        if length is not None and length <= SHORT:
            self.read_start(SHORT)
        self._response.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
