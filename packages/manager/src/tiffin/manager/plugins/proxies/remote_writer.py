"""`RemoteWriter`: an ingest in another daemon: one stream of requests, each with its answer."""

from __future__ import annotations

import queue
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import grpc

from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.image.errors import DigestMismatch, FailedPrecondition, NotFound
from tiffin.manager.plugins.proxies.channel import Connection, translated

if TYPE_CHECKING:
    from typing import Self

PART = 1 << 20  # bytes in one message
SECONDS = 24 * 3600.0  # for a whole blob


class RemoteWriter:
    """`ContentWriter` as the protocol says.

    Args:
        connection, headers: where, and in whose name.
        reference, total, expected: of the ingest.

    Raises:
        AlreadyExists: the expected blob is there. Unavailable: somebody else writes it, or nobody answers.
    """

    def __init__(
        self,
        connection: Connection,
        headers: tuple[tuple[str, str], ...],
        reference: str,
        total: int,
        expected: str,
    ) -> None:
        self._connection, self._headers = connection, headers
        self._stub = connection.stub(ContentStub)
        self._reference, self._total, self._expected = reference, total, expected
        self._requests: queue.SimpleQueue[api.WriteContentRequest | None] = queue.SimpleQueue()
        self._answers: Any = self._stub.Write(self._sent(), metadata=headers, timeout=SECONDS)
        self._offset = 0
        self._open = True
        self._offset = self._ask(api.STAT).offset

    def _sent(self) -> Iterator[api.WriteContentRequest]:
        while (request := self._requests.get()) is not None:
            yield request

    def _ask(self, action: int, **fields: Any) -> api.WriteContentResponse:
        if not self._open:
            raise FailedPrecondition("the writer was closed, or has committed: nothing can be written")
        self._requests.put(
            api.WriteContentRequest(
                action=action,  # type: ignore[arg-type]  # the numbers of an enum
                ref=self._reference,
                total=self._total,
                expected=self._expected,
                **fields,
            )
        )
        try:
            with translated(self._connection.address):
                answer: api.WriteContentResponse = next(self._answers)
        except BaseException:
            self._close()
            raise
        return answer

    @property
    def offset(self) -> int:
        """As the protocol says."""
        return self._offset

    def write(self, data: bytes | memoryview) -> None:
        """As the protocol says."""
        for start in range(0, len(data), PART):
            part = bytes(data[start : start + PART])
            self._offset = self._ask(api.WRITE, offset=self._offset, data=part).offset

    def truncate(self) -> None:
        """As the protocol says: containerd begins anew where something is written at 0."""
        self._offset = self._ask(api.WRITE, offset=0, data=b"").offset if self._offset else 0

    def commit(self, *, size: int = 0, digest: str = "", labels: Mapping[str, str] | None = None) -> str:
        """As the protocol says."""
        self._total, self._expected = size or self._total, digest or self._expected
        try:
            found = self._ask(api.COMMIT, offset=self._offset, labels=labels or {}).digest
        except FailedPrecondition as error:
            self._abort()
            raise DigestMismatch(str(error)) from None
        self._close()
        return found

    def _abort(self) -> None:
        """What cannot be committed is thrown away, as the protocol says; containerd would keep it."""
        with suppress(NotFound):
            self._connection.call(self._stub.Abort, api.AbortRequest(ref=self._reference), self._headers)

    def _close(self) -> None:
        if self._open:
            self._open = False
            self._requests.put(None)
            with suppress(grpc.RpcError):  # the end of the call, whatever it is: the ingest is free then
                for _ in self._answers:
                    pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
