"""Publishing and subscribing over gRPC: containerd's rules; and who asks gets numbers, and word of what is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.unknown_fields import UnknownFieldSet
from grpc import StatusCode, aio
from packages.manager.tests.client import Client, refusal

from tiffin.api.containerd.events.task_pb2 import TaskStart
from tiffin.api.containerd.services.events.v1 import events_pb2 as api
from tiffin.api.containerd.services.events.v1.events_pb2_grpc import EventsStub
from tiffin.api.containerd.types.event_pb2 import Envelope
from tiffin.api.typeurl import pack, unpack
from tiffin.manager.events.exchange import Exchange
from tiffin.manager.services.events.service import service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packages.manager.tests.conftest import Serve

NUMBERED = ("tiffin-events", "numbered")


class Events:
    """A server, its exchange, and a client in the namespace `one`."""

    def __init__(self, serve: Serve, **bounds: int) -> None:
        self.exchange = Exchange(**bounds)
        self.client: Client = serve(service(self.exchange)).within("one")
        self.stub = self.client.stub(EventsStub)

    def publish(self, name: str, topic: str = "/tasks/start") -> None:
        request = api.PublishRequest(topic=topic, event=pack(TaskStart(container_id=name)))
        self.client.call(self.stub.Publish, request)

    def read(self, count: int, *filters: str, headers: Sequence[tuple[str, str]] = ()) -> list[Envelope]:
        """So many events, that are there already."""

        async def read() -> list[Envelope]:
            call: Any = self.stub.Subscribe(
                api.SubscribeRequest(filters=filters), metadata=headers, timeout=30
            )
            found = [await call.read() for _ in range(count)]
            call.cancel()
            return found

        return self.client.run(read())

    def since(self, number: int) -> tuple[str, str]:
        return ("tiffin-events-since", f"{self.exchange.epoch}/{number}")


@pytest.fixture
def events(serve: Serve) -> Events:
    return Events(serve)


def numbers(found: Sequence[Envelope]) -> list[int]:
    return [next(each.data for each in unknown(one) if each.field_number == 1000) for one in found]


def unknown(message: Envelope) -> list[Any]:
    """Fields that containerd's message does not have."""
    return list(UnknownFieldSet(message))  # type: ignore[call-overload,no-any-return]  # its stub does not say so


def test_what_is_published_comes_with_its_namespace_topic_and_time(events: Events) -> None:
    events.publish("a")
    (found,) = events.read(1, headers=[events.since(0)])
    assert (found.namespace, found.topic) == ("one", "/tasks/start")
    assert unpack(found.event, TaskStart).container_id == "a"
    assert found.timestamp.seconds > 1_700_000_000
    assert not unknown(found)


def test_filters_choose(events: Events) -> None:
    for name, topic in (("a", "/tasks/start"), ("b", "/tasks/exit"), ("c", "/images/create")):
        events.publish(name, topic)
    chosen = {
        ('topic=="/tasks/exit"',): "b",
        ("topic~=^/tasks/", 'topic=="/images/create"'): "abc",
        ("event.container_id==c",): "c",
        ("namespace==one,topic~=images",): "c",
        ("",): "abc",
    }
    for filters, wanted in chosen.items():
        found = events.read(len(wanted), *filters, headers=[events.since(0)])
        assert "".join(unpack(each.event, TaskStart).container_id for each in found) == wanted, filters


def test_who_asks_gets_numbers_and_goes_on_where_it_was(events: Events) -> None:
    for name in "abcde":
        events.publish(name)
    assert numbers(events.read(5, headers=[NUMBERED, events.since(0)])) == [1, 2, 3, 4, 5]
    assert numbers(events.read(2, headers=[NUMBERED, events.since(3)])) == [4, 5]


@pytest.mark.parametrize("since", ["{epoch}/1", "other/19"])
def test_what_is_not_there_any_more_is_told_as_lost(serve: Serve, since: str) -> None:
    events = Events(serve, events=4)
    for number in range(20):
        events.publish(f"c{number}")
    header = ("tiffin-events-since", since.format(epoch=events.exchange.epoch))
    assert refusal(lambda: events.read(1, headers=[header])).code is StatusCode.DATA_LOSS


def test_a_place_that_is_none_is_refused(events: Events) -> None:
    header = ("tiffin-events-since", "here")
    assert refusal(lambda: events.read(1, headers=[header])).code is StatusCode.INVALID_ARGUMENT


def test_a_client_that_does_not_read_loses_events_and_is_told_so(serve: Serve) -> None:
    events = Events(serve, events=100)

    async def slow() -> int:
        call: Any = events.stub.Subscribe(api.SubscribeRequest(), metadata=[NUMBERED, events.since(0)])
        await call.read()
        for _ in range(2000):  # more than the buffers of a connection have
            events.exchange.publish("one", "/tasks/start", TaskStart(container_id="x" * 3000))
        count = 1
        try:
            while await call.read() is not aio.EOF:
                count += 1
        except aio.AioRpcError as lost:
            return count if lost.code() is StatusCode.DATA_LOSS else -1
        return -1

    events.publish("a")
    assert 1 <= events.client.run(slow()) < 2000
    events.publish("b")  # and the exchange goes on
    assert len(events.read(1, headers=[events.since(2001)])) == 1


def test_a_client_that_has_gone_is_forgotten(events: Events) -> None:
    async def come_and_go() -> None:
        calls: list[Any] = [events.stub.Subscribe(api.SubscribeRequest()) for _ in range(20)]
        reading = [asyncio.ensure_future(call.read()) for call in calls]
        while events.exchange.subscribers < 20:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.01)
        for call in calls:
            call.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        while events.exchange.subscribers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    events.client.run(come_and_go())


def test_bad_topics_filters_and_namespaces_are_refused(events: Events) -> None:
    for topic in ("", "tasks", "/a b", "/tasks/"):
        assert refusal(events.publish, "a", topic).code is StatusCode.INVALID_ARGUMENT
    assert refusal(events.read, 1, "topic=").code is StatusCode.INVALID_ARGUMENT
    nobody = events.client.within("")
    request = api.PublishRequest(topic="/a", event=AnyMessage())
    assert refusal(nobody.call, events.stub.Publish, request).code is StatusCode.FAILED_PRECONDITION


def test_an_event_is_forwarded_as_it_is(events: Events) -> None:
    at = Timestamp(seconds=1_000_000_000, nanos=7)
    envelope = Envelope(namespace="two", topic="/x", timestamp=at, event=pack(TaskStart(container_id="a")))
    events.client.call(events.stub.Forward, api.ForwardRequest(envelope=envelope))
    assert events.read(1, headers=[events.since(0)]) == [envelope]
    for wrong in (
        Envelope(namespace="", topic="/x", timestamp=at),
        Envelope(namespace="two", topic="x", timestamp=at),
        Envelope(namespace="two", topic="/x"),
        Envelope(namespace="two", topic="/x", timestamp=Timestamp(seconds=2**60)),
    ):
        request = api.ForwardRequest(envelope=wrong)
        assert refusal(events.client.call, events.stub.Forward, request).code is StatusCode.INVALID_ARGUMENT
