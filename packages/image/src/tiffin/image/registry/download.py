"""`BlobReader`: a blob's bytes, however often the connection breaks on the way.

Source: distribution-spec, "Pulling blobs"; RFC 9110, 14 ("Range Requests"). Nothing here checks the digest: who reads
does, by `VerifiedReader` or a content store; sizes are checked, so that no body is read for ever.
"""

from __future__ import annotations

import re

from tiffin.image.errors import DigestMismatch, Unavailable
from tiffin.image.registry.retry import PROGRESS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from tiffin.image.documents import Descriptor
    from tiffin.image.registry.answer import Answer
    from tiffin.image.registry.connection import Call, Connection

BLOCK = 256 * 1024
_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")


class BlobReader:
    """Reads a blob, or a part of it, and goes on by itself after a cut or a stall.

    Args:
        connection: where it is. call: the request for the whole of it.
        descriptor: its size is what must come.
        start, end: the first byte, and that after the last one.

    Raises (also from `read`):
        DigestMismatch: the server has another size. NotFound, PermissionDenied, ...: it refuses.
        Unavailable: the connection broke too often without any progress.
    """

    def __init__(
        self, connection: Connection, call: Call, descriptor: Descriptor, start: int, end: int
    ) -> None:
        self._connection = connection
        self._call = call.replace(expected=(200, 206))
        self._name = f"{connection.host.name}: blob {descriptor.digest}"
        self._size = descriptor.size
        self._position = start
        self._end = end
        self._attempts = connection.attempts()
        self._since = 0
        self._answer: Answer | None = self._open() if start < end else None

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        while self._position < self._end:
            data = self._some(min(size, self._end - self._position))
            if data:
                self._took(len(data))
                return data
        self._check_end()
        return b""

    @property
    def knows_ranges(self) -> bool:
        """Whether the host answers requests for a part with that part."""
        answer = self._answer
        return answer is not None and (
            answer.status == 206 or answer.headers.get("Accept-Ranges", "").strip().lower() == "bytes"
        )

    def close(self) -> None:
        """Ends it; a connection that still has much to say is closed."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _some(self, size: int) -> bytes:
        """Some bytes; none after a cut, when the request was sent again."""
        if self._answer is None:
            self._answer = self._open()
        try:
            data = self._answer.read(size)
            if data:
                return data
            error = Unavailable(f"{self._name} ended after {self._position} of {self._size} bytes")
        except Unavailable as broken:
            error = broken
        self.close()
        self._attempts.wait(error)
        return b""

    def _took(self, count: int) -> None:
        self._position += count
        self._since += count
        if self._since >= PROGRESS:
            self._attempts.progress()
            self._since = 0

    def _open(self) -> Answer:
        """Asks for what is left."""
        call = self._call
        if self._position or self._end != self._size:
            call = call.replace(headers=(*call.headers, ("Range", f"bytes={self._position}-{self._end - 1}")))
        while True:
            answer = self._connection.request(call, attempts=self._attempts)
            try:
                self._check_start(answer)
            except Unavailable as error:
                answer.close()
                self._attempts.wait(error)
            except BaseException:
                answer.close()
                raise
            else:
                return answer

    def _check_start(self, answer: Answer) -> None:
        """Sees to it that the body begins where it should, and is part of a blob of the right size."""
        if answer.status == 206:
            match = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            if match is None or int(match[1]) != self._position:
                raise DigestMismatch(f"{self._name}: another range came than byte {self._position} and on")
            if match[3] != "*" and int(match[3]) != self._size:
                raise DigestMismatch(f"{self._name} has {match[3]} bytes, its descriptor says {self._size}")
            return
        if answer.length is not None and answer.length != self._size:
            raise DigestMismatch(f"{self._name} has {answer.length} bytes, its descriptor says {self._size}")
        self._skip(answer)

    def _skip(self, answer: Answer) -> None:
        """For servers that do not know ranges."""
        left = self._position
        while left:
            data = answer.read(min(BLOCK, left))
            if not data:
                raise Unavailable(f"{self._name} ended before byte {self._position}")
            left -= len(data)

    def _check_end(self) -> None:
        """Refuses a body that goes on; one of a known length cannot."""
        answer = self._answer
        if answer is not None and answer.length is None and self._end == self._size:
            try:
                more = answer.read(1)
            except Unavailable:
                more = b""  # all that was asked for is there
            if more:
                raise DigestMismatch(f"{self._name} has more than the {self._size} bytes its descriptor says")
        self.close()
