"""`Events`: what happens, with numbers where the manager has them, so that nothing is missed unseen."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.unknown_fields import UnknownFieldSet

from tiffin.api.containerd.services.events.v1 import events_pb2 as messages
from tiffin.api.containerd.services.events.v1.events_services import EVENTS
from tiffin.manager.services.events.messages import EPOCH_FIELD, NUMBERED, SEQUENCE_FIELD, SINCE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

    from google.protobuf.any_pb2 import Any
    from google.protobuf.message import Message

    from tiffin.api.containerd.types.event_pb2 import Envelope
    from tiffin.manager.client.session import Session


class Event(NamedTuple):
    """One event.

    topic: `/tasks/exit` and the like. timestamp: nanoseconds since 1970. message: `tiffin.api.typeurl.unpack` opens it.
    place: what `subscribe(since=)` takes to go on after it; "" where the manager numbers none (a containerd).
    """

    namespace: str
    topic: str
    timestamp: int
    message: Any
    place: str = ""


class Events:
    """Of a whole manager."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def subscribe(self, filters: Iterable[str] = (), *, since: str = "") -> AsyncGenerator[Event, None]:
        """Events from now on, of all namespaces; those that match one of the filters (containerd's language).

        Args:
            since: `Event.place` of the last one that was seen: those after it come first.

        Raises:
            DataLoss: some were missed: this reader was too slow, or those after `since` are no longer kept. What has
                changed meanwhile must be looked up.
        """
        headers = ((NUMBERED, "numbered"), *(((SINCE, since),) if since else ()))
        request = messages.SubscribeRequest(filters=filters)
        async with aclosing(self._session.tell(EVENTS, "Subscribe", request, headers)) as envelopes:
            async for envelope in envelopes:
                yield _event(envelope)

    async def publish(self, topic: str, message: Message) -> None:
        """Tells something, in the client's namespace. Raises InvalidArgument."""
        from tiffin.api.typeurl import pack

        await self._session.ask(EVENTS, "Publish", messages.PublishRequest(topic=topic, event=pack(message)))


def _event(envelope: Envelope) -> Event:
    unknown = UnknownFieldSet(envelope)
    numbers = {unknown[index].field_number: unknown[index].data for index in range(len(unknown))}
    place = ""
    if SEQUENCE_FIELD in numbers:
        place = f"{numbers[EPOCH_FIELD].decode()}/{numbers[SEQUENCE_FIELD]}"
    time = envelope.timestamp
    at = time.seconds * 1_000_000_000 + time.nanos
    return Event(envelope.namespace, envelope.topic, at, envelope.event, place)
