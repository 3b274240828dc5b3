"""`Events`: a subscription of a test."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from google.protobuf.any_pb2 import Any as AnyMessage

from tiffin.api.containerd.services.events.v1.events_pb2 import PublishRequest, SubscribeRequest
from tiffin.api.containerd.services.events.v1.events_pb2_grpc import EventsStub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.manager.tests.client import Client

    from tiffin.api.containerd.types.event_pb2 import Envelope

AGAIN = 0.2  # seconds


class Events:
    """It has begun when this is made: a mark that was published has come back."""

    def __init__(self, client: Client, filters: Sequence[str]) -> None:
        self._client = client
        self._stub = client.stub(EventsStub)
        self._reading: asyncio.Task[Any] | None = None
        client.run(self._begin(filters))

    async def _begin(self, filters: Sequence[str]) -> None:
        mark = f"/test/mark-{uuid.uuid4().hex}"
        self._call: Any = self._stub.Subscribe(SubscribeRequest(filters=[*filters, f'topic=="{mark}"']))
        event = AnyMessage(type_url="test", value=b"")
        found = None
        while found is None:
            await self._stub.Publish(PublishRequest(topic=mark, event=event), metadata=self._client.metadata)
            found = await self._next(AGAIN)
        self._mark = mark

    async def _next(self, seconds: float) -> Envelope | None:
        """The next one; None if none comes in time, and the reading goes on."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._call.read())
        done, _ = await asyncio.wait([self._reading], timeout=seconds)
        if not done:
            return None
        found: Envelope = self._reading.result()
        self._reading = None
        return found

    def until(self, *topics: str, seconds: float = 30) -> list[Envelope]:
        """All events until as many of these topics have come as they are named."""
        return self._client.run(self._until(list(topics), seconds))

    async def _until(self, missing: list[str], seconds: float) -> list[Envelope]:
        found: list[Envelope] = []
        while missing:
            event = await self._next(seconds)
            assert event is not None, f"{missing} did not come, but {[each.topic for each in found]}"
            if event.topic == self._mark:
                continue
            found.append(event)
            if event.topic in missing:
                missing.remove(event.topic)
        return found

    def topics(self, *until: str) -> list[str]:
        """The topics alone."""
        return [event.topic for event in self.until(*until)]

    def close(self) -> None:
        """Ends it."""
        self._client.run(self._close())

    async def _close(self) -> None:
        self._call.cancel()
        if self._reading is not None:
            await asyncio.wait([self._reading])
