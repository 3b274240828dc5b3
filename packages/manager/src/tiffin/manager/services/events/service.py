"""Publishing and subscribing for clients. Source: containerd's plugins/services/events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.services.events.v1.events_services import EVENTS
from tiffin.manager.events.lost import EventsLost
from tiffin.manager.filters.parser import parse
from tiffin.manager.grpc_edge.offer import Offer
from tiffin.manager.services.events.messages import NUMBERED, SINCE, message_of, numbered, time_of
from tiffin.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tiffin.api.containerd.services.events.v1 import events_pb2 as events
    from tiffin.api.containerd.types.event_pb2 import Envelope as EnvelopeMessage
    from tiffin.manager.events.envelope import Envelope
    from tiffin.manager.events.exchange import Exchange
    from tiffin.manager.grpc_edge.call import Call


def service(exchange: Exchange) -> Offer:
    """What a server registers."""
    made = EventsService(exchange)
    return Offer(EVENTS, {"Publish": made.publish, "Forward": made.forward, "Subscribe": made.subscribe})


class EventsService:
    """The methods."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def publish(self, request: events.PublishRequest, call: Call) -> Empty:
        """An event of the client's namespace, now."""
        self._exchange.publish(call.namespace, request.topic, request.event)
        return Empty()

    async def forward(self, request: events.ForwardRequest, call: Call) -> Empty:  # noqa: ARG002
        """An event of any namespace and time."""
        envelope = request.envelope
        self._exchange.forward(envelope.namespace, envelope.topic, time_of(envelope), envelope.event)
        return Empty()

    async def subscribe(
        self, request: events.SubscribeRequest, call: Call
    ) -> AsyncIterator[EnvelopeMessage | bytes]:
        """Events of all namespaces that match one of the filters. One who loses some gets DATA_LOSS."""
        wanted = parse(request.filters)
        matches = (lambda envelope: wanted.matches(envelope.field)) if wanted.alternatives else None
        told = self._numbered if call.header(NUMBERED) == "numbered" else message_of
        with self._exchange.subscribe(matches, since=self._since(call.header(SINCE))) as subscription:
            async for envelope in subscription:
                yield told(envelope)

    def _numbered(self, envelope: Envelope) -> bytes:
        return numbered(envelope, self._exchange.epoch)

    def _since(self, text: str) -> int | None:
        """The number that a client goes on with: after the last that it has seen, which is what it names.

        Raises EventsLost: that was in an earlier life of the manager.
        """
        if not text:
            return None
        epoch, _, number = text.partition("/")
        if not number.isdecimal():
            raise InvalidArgument(f"{SINCE}: {text[:100]!r} is not <epoch>/<number>")
        if epoch != self._exchange.epoch:
            raise EventsLost(int(number) + 1, self._exchange.next)
        return int(number) + 1
