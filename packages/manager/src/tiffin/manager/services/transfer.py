"""The service `transfer`: images from and to registries, archives and other names, made by the daemon itself."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.services.transfer.v1.transfer_services import TRANSFER
from tiffin.api.containerd.types.transfer.importexport_pb2 import ImageExportStream, ImageImportStream
from tiffin.api.containerd.types.transfer.registry_pb2 import OCIRegistry
from tiffin.manager.grpc_edge.offer import Offer

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tiffin.api.containerd.services.transfer.v1 import transfer_pb2 as api
    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.metadata.stores import Stores
    from tiffin.manager.services.ports import Publish
    from tiffin.manager.streaming.stream import Stream
    from tiffin.manager.streaming.streams import Streams
    from tiffin.manager.transfer.progress import Progress


def service(stores: Stores, publish: Publish, streams: Streams) -> Offer:
    """What a server registers. streams: those that clients have opened."""
    return Offer(TRANSFER, {"Transfer": TransferService(stores, publish, streams).transfer})


class TransferService:
    """The method."""

    def __init__(self, stores: Stores, publish: Publish, streams: Streams) -> None:
        self._stores = stores
        self._publish = publish
        self._streams = streams

    async def transfer(self, request: api.TransferRequest, call: Call) -> Empty:
        """Copies from one place to another, and ends the streams that were for it."""
        # what reaches registries takes some megabytes: only where it is used
        from tiffin.manager.transfer.credentials import AskedCredentials
        from tiffin.manager.transfer.names import Names
        from tiffin.manager.transfer.places import place_of
        from tiffin.manager.transfer.progress import Progress
        from tiffin.manager.transfer.transfers import Transfer

        with ExitStack() as streams:  # whatever comes of it, the client does not wait on its streams for ever
            named = partial(self._stream, call, streams)
            told = named(request.options.progress_stream)
            source, destination = place_of(request.source), place_of(request.destination)
            archive = named(_archive(source) or _archive(destination))
            asked = named(_asked(source) or _asked(destination))
            progress = Progress(told, "uploading" if isinstance(destination, OCIRegistry) else "downloading")
            credentials = None if asked is None else AskedCredentials(asked)
            names = Names(self._stores.store.within(call.scope), self._publish)
            transfer = Transfer(names, progress, credentials, archive)
            running = asyncio.ensure_future(call.workers.run_slowly(transfer.run, source, destination))
            await _to_the_end(running, progress, streams)
        return Empty()

    def _stream(self, call: Call, opened: ExitStack, name: str) -> Stream | None:
        """One that the client has opened, closed with `opened`; None if it names none. Raises NotFound."""
        if not name:
            return None
        found = self._streams.get(call.namespace, name)
        opened.callback(found.close)
        return found


async def _to_the_end(running: asyncio.Future[None], progress: Progress, streams: ExitStack) -> None:
    """Nothing runs on unseen: also where the client has gone it has ended when this returns."""
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        progress.stop()
        raise
    finally:
        streams.close()  # a transfer that waits for the client goes on, and fails
        await asyncio.wait([running])


def _archive(place: Message) -> str:
    return place.stream if isinstance(place, ImageImportStream | ImageExportStream) else ""


def _asked(place: Message) -> str:
    return place.resolver.auth_stream if isinstance(place, OCIRegistry) else ""
