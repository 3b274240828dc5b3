"""`Writing`: one call of `Write`, step by step. Source: containerd's `contentserver` and `metadata/content.go`.

The first message opens the ingest, and locks it for the time of the call. Each message is answered: STAT tells how far
it is; WRITE appends at the offset that it names, 0 starts again; COMMIT does the same, and makes it a blob.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grpc import StatusCode

from tiffin.api.containerd.events.content_pb2 import ContentCreate
from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.image.errors import AlreadyExists, InvalidArgument, NotFound
from tiffin.manager.grpc_edge.statuses import Refused
from tiffin.manager.services.content.sharing import SharedWriter, shared_blob
from tiffin.manager.services.conversion import checked_digest, timestamp

if TYPE_CHECKING:
    from tiffin.image.content.writer import LocalContentWriter
    from tiffin.image.metadata.namespaces import Scope
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.services.ports import Publish


class Writing:
    """One ingest, and its client. Its methods block."""

    def __init__(self, stores: Stores, scope: Scope, publish: Publish) -> None:
        self._stores = stores
        self._scope = scope
        self._publish = publish
        self._content = stores.content(scope)
        self._writer: LocalContentWriter | SharedWriter | None = None
        self._reference = ""
        self._total = 0
        self._expected = ""

    def is_slow(self, request: api.WriteContentRequest) -> bool:
        """Whether the next step may take long: what was written before is read, or all is brought to the disk."""
        return self._writer is None or request.action == api.COMMIT

    def close(self) -> None:
        """Gives the ingest up."""
        if self._writer is not None:
            self._writer.close()

    def step(self, request: api.WriteContentRequest) -> api.WriteContentResponse:
        """Does what a message asks for. Raises AlreadyExists, Unavailable (another writes it), Refused, OSError."""
        writer = self._writer or self._open(request)
        if request.expected:
            self._expected = checked_digest(request.expected)
            self._refuse_known()
        self._total = max(request.total, 0) or self._total
        if request.action == api.STAT:
            return self._status(writer)
        self._place(writer, request.offset)
        writer = self._written(writer, request.data)
        answer = api.WriteContentResponse(action=request.action, offset=writer.offset)
        answer.digest = self._commit(writer, request) if request.action == api.COMMIT else writer.digest()
        return answer

    def _open(self, request: api.WriteContentRequest) -> LocalContentWriter | SharedWriter:
        if not request.ref:
            raise InvalidArgument("first message must have a reference")
        self._reference = request.ref
        if request.expected:
            self._expected = checked_digest(request.expected)
            self._refuse_known()
            found = shared_blob(self._stores, self._scope, self._expected, request.total)
            if found is not None:
                self._writer = SharedWriter(self._content, found)
                return self._writer
        self._writer = self._content.writer(request.ref, total=max(request.total, 0))
        return self._writer

    def _refuse_known(self) -> None:
        """Raises AlreadyExists; the ingest is thrown away, and the lease keeps the blob."""
        try:
            self._content.claim(self._expected)
        except NotFound:
            return
        if isinstance(self._writer, SharedWriter):
            self._writer = None
        elif self._writer is not None:
            self._writer.discard()
        raise AlreadyExists(f"content {self._expected}")

    def _status(self, writer: LocalContentWriter | SharedWriter) -> api.WriteContentResponse:
        started, updated = writer.times()
        return api.WriteContentResponse(
            action=api.STAT,
            offset=writer.offset,
            total=self._total,
            digest=writer.digest(),
            started_at=timestamp(started),
            updated_at=timestamp(updated),
        )

    def _place(self, writer: LocalContentWriter | SharedWriter, offset: int) -> None:
        """Goes to where the client wants to write: the end, or the beginning. Raises Refused."""
        if offset and offset != writer.offset:
            at = f"write @{offset} must occur at current offset {writer.offset}"
            raise Refused(StatusCode.OUT_OF_RANGE, at)
        if not offset and writer.offset:
            self._own(writer, copied=False).truncate()

    def _written(
        self, writer: LocalContentWriter | SharedWriter, data: bytes
    ) -> LocalContentWriter | SharedWriter:
        """Appends. What is shared is copied before."""
        writer = self._writer or writer
        if data:
            writer = self._own(writer, copied=True)
            writer.write(data)
        return writer

    def _own(self, writer: LocalContentWriter | SharedWriter, *, copied: bool) -> LocalContentWriter:
        """An ingest instead of another namespace's blob; copied: with its bytes."""
        if isinstance(writer, SharedWriter):
            own = self._content.writer(self._reference, total=self._total)
            self._writer = own
            own.truncate()
            if copied:
                writer.copy_to(own)
            return own
        return writer

    def _commit(self, writer: LocalContentWriter | SharedWriter, request: api.WriteContentRequest) -> str:
        size = writer.offset
        digest = writer.commit(size=self._total, digest=self._expected, labels=dict(request.labels))
        self._publish(self._scope.namespace, "/content/create", ContentCreate(digest=digest, size=size))
        return digest
