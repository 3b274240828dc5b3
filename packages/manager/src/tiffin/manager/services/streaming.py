"""The service `streaming`: a client opens a stream by a name, which it then gives to another call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.services.streaming.v1.streaming_pb2 import StreamInit
from tiffin.api.containerd.services.streaming.v1.streaming_services import STREAMING
from tiffin.api.typeurl import holds, pack, unpack
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from google.protobuf.any_pb2 import Any

    from tiffin.manager.grpc_edge.call import Call
    from tiffin.manager.streaming.streams import Streams


def service(streams: Streams) -> Offer:
    """What a server registers."""

    async def stream(requests: AsyncIterator[Any], call: Call) -> AsyncIterator[Any]:
        """The first message names the stream, and is answered once others find it."""
        first = await anext(requests, None)
        if first is None or not holds(first, StreamInit):
            raise InvalidArgument("the first message of a stream must be a StreamInit")
        name = unpack(first, StreamInit).id
        if not name:
            raise InvalidArgument("a stream needs an id")
        with streams.opened(call.namespace, name, requests) as opened:
            yield pack(Empty())
            async for message in opened.outgoing():
                yield message

    return Offer(STREAMING, {"Stream": stream})
