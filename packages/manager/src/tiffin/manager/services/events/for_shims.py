"""Where shims send their events: containerd.services.events.ttrpc.v1, over ttrpc."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.services.ttrpc.events.v1.events_services import EVENTS
from tiffin.manager.services.events.messages import time_of
from tiffin.runtime.errors import InvalidArgument
from tiffin.ttrpc import Code, RpcError, implement

if TYPE_CHECKING:
    from google.protobuf.any_pb2 import Any

    from tiffin.api.containerd.services.ttrpc.events.v1.events_pb2 import ForwardRequest
    from tiffin.ttrpc import Context, Method

Forward = Callable[[str, str, int | None, "Any"], object]


def services(forward: Forward) -> Mapping[str, Mapping[str, Method]]:
    """What a ttrpc server takes. forward: `Teller.forwarded`: gets namespace, topic, time and event."""

    async def take(request: ForwardRequest, _: Context) -> Empty:
        envelope = request.envelope
        try:
            forward(envelope.namespace, envelope.topic, time_of(envelope), envelope.event)
        except InvalidArgument as error:
            raise RpcError(Code.INVALID_ARGUMENT, f"{error}: invalid argument") from error
        return Empty()

    return {EVENTS.name: implement(EVENTS, {"Forward": take})}
