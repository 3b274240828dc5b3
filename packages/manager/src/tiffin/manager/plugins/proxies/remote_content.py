"""`RemoteContentStore`: the port `ContentStore` of tiffin.image, on containerd's content service."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, cast

from google.protobuf.field_mask_pb2 import FieldMask

from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.image.content.protocol import BlobInfo, IngestStatus
from tiffin.manager.plugins.proxies.channel import Connection, headers
from tiffin.manager.plugins.proxies.remote_writer import RemoteWriter


class RemoteContentStore:
    """The blobs of one namespace of a daemon. Each method raises Unavailable, too: it does not answer.

    Args:
        connection: to it.
        namespace: of the daemon's.
        lease: of the daemon's, that protects what is written.
    """

    def __init__(self, connection: Connection, namespace: str = "default", lease: str = "") -> None:
        self._connection = connection
        self._headers = headers(namespace, lease)
        self._stub = connection.stub(ContentStub)

    def info(self, digest: str) -> BlobInfo:
        """As the protocol says."""
        return _info(self._call(self._stub.Info, api.InfoRequest(digest=digest)).info)

    def open(self, digest: str) -> BinaryIO:
        """As the protocol says: read as it is asked for."""
        size = self.info(digest).size
        return cast("BinaryIO", io.BufferedReader(_Reader(self, digest, size), 1 << 20))

    def read(self, digest: str, offset: int, size: int) -> bytes:
        """Some bytes of a blob. Raises NotFound."""
        request = api.ReadContentRequest(digest=digest, offset=offset, size=size)
        answers = self._connection.stream(self._stub.Read, request, self._headers)
        return b"".join(answer.data for answer in answers)

    def walk(self) -> Iterator[BlobInfo]:
        """As the protocol says."""
        answers = self._connection.stream(self._stub.List, api.ListContentRequest(), self._headers)
        found = [_info(info) for answer in answers for info in answer.info]
        yield from sorted(found, key=lambda info: info.digest)

    def update(self, digest: str, labels: Mapping[str, str], *, replace: bool = False) -> BlobInfo:
        """As the protocol says."""
        if not labels and not replace:
            return self.info(digest)  # a mask without paths would mean all labels
        paths = ["labels"] if replace else [f"labels.{name}" for name in labels]
        request = api.UpdateRequest(
            info=api.Info(digest=digest, labels=labels), update_mask=FieldMask(paths=paths)
        )
        return _info(self._call(self._stub.Update, request).info)

    def delete(self, digest: str) -> None:
        """As the protocol says."""
        self._call(self._stub.Delete, api.DeleteContentRequest(digest=digest))

    def writer(self, reference: str, *, total: int = 0, expected: str = "") -> RemoteWriter:
        """As the protocol says."""
        return RemoteWriter(self._connection, self._headers, reference, total, expected)

    def status(self, reference: str) -> IngestStatus:
        """As the protocol says."""
        return _status(self._call(self._stub.Status, api.StatusRequest(ref=reference)).status)

    def statuses(self) -> list[IngestStatus]:
        """As the protocol says."""
        return [
            _status(each) for each in self._call(self._stub.ListStatuses, api.ListStatusesRequest()).statuses
        ]

    def abort(self, reference: str) -> None:
        """As the protocol says."""
        self._call(self._stub.Abort, api.AbortRequest(ref=reference))

    def _call(self, method: object, request: object) -> Any:
        return self._connection.call(method, request, self._headers)


class _Reader(io.RawIOBase):
    """A blob as a seekable file."""

    def __init__(self, store: RemoteContentStore, digest: str, size: int) -> None:
        self._store = store
        self._digest = digest
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), self._size - self._place)
        if size <= 0:
            return 0
        data = self._store.read(self._digest, self._place, size)
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)


def _info(info: api.Info) -> BlobInfo:
    created, updated = info.created_at.ToNanoseconds(), info.updated_at.ToNanoseconds()
    return BlobInfo(info.digest, info.size, created, updated, dict(info.labels))


def _status(status: api.Status) -> IngestStatus:
    started, updated = status.started_at.ToNanoseconds(), status.updated_at.ToNanoseconds()
    return IngestStatus(status.ref, status.offset, status.total, status.expected, started, updated)
