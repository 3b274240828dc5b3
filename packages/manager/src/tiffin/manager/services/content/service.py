"""The methods of the service `content`. Source: containerd's `contentserver`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty
from grpc import StatusCode

from tiffin.api.containerd.events.content_pb2 import ContentDelete
from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.api.containerd.services.content.v1.content_services import CONTENT
from tiffin.manager.filters.adaptors import blob_fields, ingest_fields
from tiffin.manager.filters.parser import parse
from tiffin.manager.grpc_edge.limits import parts
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.grpc_edge.statuses import Refused
from tiffin.manager.services.content.messages import info_message, part, status_message
from tiffin.manager.services.content.writing import Writing
from tiffin.manager.services.conversion import checked_digest
from tiffin.manager.services.masks import label_change

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tiffin.image.content.local import LocalContentStore
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.services.ports import Publish

BLOCK = 1024 * 1024


def service(stores: Stores, publish: Publish) -> Offer:
    """The service."""
    made = _Content(stores, publish)
    return Offer(
        CONTENT,
        {
            "Info": made.info,
            "Update": made.update,
            "List": made.list_all,
            "Delete": made.delete,
            "Read": made.read,
            "Status": made.status,
            "ListStatuses": made.statuses,
            "Write": made.write,
            "Abort": made.abort,
        },
    )


class _Content:
    def __init__(self, stores: Stores, publish: Publish) -> None:
        self._stores = stores
        self._publish = publish

    def info(self, request: api.InfoRequest, call: Call) -> api.InfoResponse:
        return api.InfoResponse(info=info_message(self._store(call).info(checked_digest(request.digest))))

    def update(self, request: api.UpdateRequest, call: Call) -> api.UpdateResponse:
        digest = checked_digest(request.info.digest)
        change = label_change(request.update_mask.paths, request.info.labels, f"content info {digest!r}")
        after = self._store(call).update(digest, change.labels, replace=change.replace)
        return api.UpdateResponse(info=info_message(after))

    def list_all(self, request: api.ListContentRequest, call: Call) -> Iterator[api.ListContentResponse]:
        found = parse(request.filters).select(self._store(call).walk(), blob_fields)
        for infos in parts(found):
            yield api.ListContentResponse(info=map(info_message, infos))

    def delete(self, request: api.DeleteContentRequest, call: Call) -> Empty:
        self._store(call).delete(checked_digest(request.digest))
        self._publish(call.namespace, "/content/delete", ContentDelete(digest=request.digest))
        return Empty()

    def read(self, request: api.ReadContentRequest, call: Call) -> Iterator[bytes]:
        """Offsets that are told count from where the reading begins, as containerd's do."""
        with self._store(call).open(checked_digest(request.digest)) as file:
            size, start = os.fstat(file.fileno()).st_size, max(request.offset, 0)
            if start > size:
                raise Refused(StatusCode.OUT_OF_RANGE, f"read past object length {size} bytes")
            end = min(start + request.size, size) if request.size > 0 else size
            at = start
            while at < end:
                data = os.pread(file.fileno(), min(BLOCK, end - at), at)
                if not data:
                    raise Refused(StatusCode.DATA_LOSS, f"the file of {request.digest} became shorter")
                yield part(at - start, data)
                at += len(data)

    def status(self, request: api.StatusRequest, call: Call) -> api.StatusResponse:
        return api.StatusResponse(status=status_message(self._store(call).status(request.ref)))

    def statuses(self, request: api.ListStatusesRequest, call: Call) -> api.ListStatusesResponse:
        found = parse(request.filters).select(self._store(call).statuses(), ingest_fields)
        return api.ListStatusesResponse(statuses=map(status_message, found))

    async def write(
        self, requests: AsyncIterator[api.WriteContentRequest], call: Call
    ) -> AsyncIterator[api.WriteContentResponse]:
        """One ingest for each call; when the client goes, what was written stays for the next."""
        writing = Writing(self._stores, call.scope, self._publish)
        try:
            async for request in requests:
                run = call.workers.run_slowly if writing.is_slow(request) else call.workers.run
                yield await run(writing.step, request)
                if request.action == api.COMMIT:
                    return
        finally:
            await call.workers.run(writing.close)

    def abort(self, request: api.AbortRequest, call: Call) -> Empty:
        self._store(call).abort(request.ref)
        return Empty()

    def _store(self, call: Call) -> LocalContentStore:
        return self._stores.content(call.scope)
