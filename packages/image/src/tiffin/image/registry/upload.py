"""Pushing a blob: in one piece, in chunks, and on from where a connection broke.

Source: distribution-spec, "Pushing blobs". In one piece by default, as every registry takes it; in chunks where the
settings say so, or where something in between refuses long bodies (413).
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from urllib.parse import urljoin

from tiffin.image.errors import FailedPrecondition, ImageFailure, NotFound, Unavailable
from tiffin.image.registry.body import ExactBody
from tiffin.image.registry.opened import Opened
from tiffin.image.registry.problems import RETRIED
from tiffin.image.registry.retry import PROGRESS, retry_after
from tiffin.image.registry.wire import check_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.documents import Descriptor
    from tiffin.image.registry.answer import Answer
    from tiffin.image.registry.connection import Call, Connection
    from tiffin.image.registry.opened import OpenAt
    from tiffin.image.verified import Readable

SMALLER = 16 * 1024 * 1024  # bytes: chunks after a 413
_RANGE = re.compile(r"(?:bytes=)?0-(\d{1,19})")


class Upload:
    """One upload of one blob, in one thread.

    Args:
        connection: where to. call: the repository and its scopes; everything else of it is replaced.
        descriptor: what. open_at: opens it from an offset on.
    """

    def __init__(self, connection: Connection, call: Call, descriptor: Descriptor, open_at: OpenAt) -> None:
        self._connection = connection
        self._call = call.replace(what=f"pushing blob {descriptor.digest}")
        self._blob = descriptor
        self._open_at = open_at
        self._chunk = connection.settings.chunk_size
        self._attempts = connection.attempts()
        self._location = ""
        self._offset = 0

    def run(self) -> None:
        """Pushes.

        Raises:
            DigestMismatch: what was read is not what the descriptor says; the upload is cancelled.
            PermissionDenied, Unavailable, ...: as `Connection.request`.
        """
        try:
            while not self._step():
                pass
        except BaseException:
            self._cancel()
            raise

    def _step(self) -> bool:
        """One request; whether the blob is there now."""
        if not self._location:
            self._start()
        left = self._blob.size - self._offset
        length = min(left, self._chunk) if self._chunk else left
        last = length == left and not (self._chunk and self._offset + length > self._chunk)
        try:
            with self._sent(length, last=last or left == 0) as answer:
                return self._took(answer, length, last=last or left == 0)
        except Unavailable as error:
            self._again(error)
            return False

    def _start(self) -> None:
        call = self._call.replace(
            method="POST", path=f"/{self._call.repository}/blobs/uploads/", expected=(202,)
        )
        with self._connection.request(call, attempts=self._attempts) as answer:
            self._follow(answer)
            smallest = answer.headers.get("OCI-Chunk-Min-Length", "")
            if self._chunk and smallest.isdigit():
                self._chunk = max(self._chunk, int(smallest[:15]))
        self._offset = 0

    @contextmanager
    def _sent(self, length: int, *, last: bool) -> Iterator[Answer]:
        """PUT with what is left, or PATCH with a chunk."""
        whole = self._offset == 0 and length == self._blob.size
        offset = self._offset
        with Opened(self._open_at) as opened:

            def body() -> Readable:
                return ExactBody(
                    opened.at(offset), length, self._blob.digest if whole else "", self._call.what
                )

            headers = [("Content-Type", "application/octet-stream")]
            if not whole and length:
                headers.append(("Content-Range", f"{offset}-{offset + length - 1}"))
            call = self._call.replace(
                method="PUT" if last else "PATCH",
                path=self._location,
                headers=tuple(headers),
                query=(("digest", self._blob.digest),) if last else (),
                open_body=body,
                length=length,
            )
            with self._connection.once(call) as answer:
                yield answer

    def _took(self, answer: Answer, length: int, *, last: bool) -> bool:
        if answer.status == 201 and last:
            return True
        if answer.status in (202, 204) and not last:
            self._follow(answer)
            self._offset = self._confirmed(answer, self._offset + length)
            self._attempts.progress()
            return False
        if answer.status == 413 and not (self._chunk and self._chunk <= SMALLER):
            self._chunk, self._location = SMALLER, ""
            return False
        after = retry_after(answer.headers.get("Retry-After"), self._connection.clock)
        error = self._connection.refusal(self._call, answer)
        if answer.status == 416 or isinstance(
            error, NotFound
        ):  # the registry forgot it, or has another part of it
            self._again(Unavailable(str(error)), after)
            return False
        if answer.status not in RETRIED:
            raise error
        self._again(error, after)
        return False

    def _again(self, error: ImageFailure, after: float | None = None) -> None:
        """Waits, and finds out how far the registry is; the upload begins anew if it does not know."""
        self._attempts.wait(error, after)
        before = self._offset
        call = self._call.replace(method="GET", path=self._location, headers=(), query=())
        try:
            with self._connection.once(call) as answer:
                if answer.status != 204:
                    self._location = ""
                    return
                self._follow(answer)
                self._offset = self._confirmed(answer, 0)
        except (Unavailable, FailedPrecondition):
            self._location = ""
            return
        if self._offset - before >= PROGRESS:
            self._attempts.progress()

    def _confirmed(self, answer: Answer, otherwise: int) -> int:
        """How many bytes the registry has, by its Range header. Raises FailedPrecondition if that is too many."""
        text = answer.headers.get("Range", "")
        match = _RANGE.fullmatch(text)
        if match is None:
            return otherwise
        # "0-0" is said for nothing as well as for one byte; nothing is the safe reading
        have = int(match[1]) + 1 if int(match[1]) else 0
        if have > self._blob.size:
            raise FailedPrecondition(f"{self._call.what}: the registry says that it has {have} bytes")
        return have

    def _follow(self, answer: Answer) -> None:
        location = answer.headers.get("Location", "")
        if location or not self._location:
            self._location = urljoin(answer.url, location)
            check_address(self._location, answer.where)

    def _cancel(self) -> None:
        if not self._location:
            return
        call = self._call.replace(method="DELETE", path=self._location, headers=(), query=())
        # the registry throws uploads away by itself, after a while; the first error is what matters
        with suppress(ImageFailure):
            self._connection.once(call).close()
