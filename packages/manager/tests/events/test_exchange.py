"""Events come to every subscriber in order and with numbers; who is slow loses some, is told so, and stops nobody."""

from __future__ import annotations

import asyncio
import threading

import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.struct_pb2 import Struct, Value

from tiffin.api.containerd.events.container_pb2 import ContainerCreate
from tiffin.api.containerd.events.task_pb2 import TaskExit, TaskStart
from tiffin.manager.events.envelope import Envelope
from tiffin.manager.events.exchange import Exchange
from tiffin.manager.events.lost import EventsLost
from tiffin.runtime.errors import InvalidArgument


def start_of(container: str) -> TaskStart:
    return TaskStart(container_id=container, pid=1)


def name_in(envelope: Envelope) -> str:
    return TaskStart.FromString(envelope.event.value).container_id


async def test_events_are_numbered_and_come_in_order_to_all() -> None:
    exchange = Exchange()
    with exchange.subscribe() as one, exchange.subscribe() as two:
        numbers = [exchange.publish("default", "/tasks/start", start_of(f"c{index}")) for index in range(100)]
        for subscription in (one, two):
            got = [await anext(subscription) for _ in range(100)]
            assert [envelope.sequence for envelope in got] == numbers == list(range(1, 101))
            assert [name_in(envelope) for envelope in got] == [f"c{index}" for index in range(100)]


async def test_only_matching_events_come() -> None:
    exchange = Exchange()
    with exchange.subscribe(lambda envelope: envelope.namespace == "k8s.io") as events:
        exchange.publish("default", "/tasks/start", start_of("a"))
        exchange.publish("k8s.io", "/tasks/start", start_of("b"))
        assert name_in(await anext(events)) == "b"


async def test_threads_publish_while_a_subscriber_waits() -> None:
    exchange = Exchange()

    def publish(name: str) -> None:
        for index in range(500):
            exchange.publish("default", "/tasks/start", start_of(f"{name}{index}"))

    with exchange.subscribe() as events:
        threads = [threading.Thread(target=publish, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        got = [await anext(events) for _ in range(2000)]
        for thread in threads:
            thread.join()
    assert [envelope.sequence for envelope in got] == list(range(1, 2001))
    for name in "abcd":  # and in the order of each publisher
        own = [name_in(envelope) for envelope in got if name_in(envelope).startswith(name)]
        assert own == [f"{name}{index}" for index in range(500)]


async def test_one_that_does_not_read_is_told_what_it_lost_and_others_lose_nothing() -> None:
    exchange = Exchange(events=8)
    with exchange.subscribe() as slow, exchange.subscribe() as quick:
        for index in range(20):
            exchange.publish("default", "/tasks/start", start_of(f"c{index}"))
            assert name_in(await anext(quick)) == f"c{index}"
        with pytest.raises(EventsLost) as lost:
            await anext(slow)
        assert (lost.value.first, lost.value.resume) == (1, 13)
        assert [(await anext(slow)).sequence for _ in range(8)] == list(range(13, 21))


async def test_what_is_kept_is_bounded_in_bytes() -> None:
    exchange = Exchange(events=1000, size=10_000)
    with exchange.subscribe() as events:
        for _ in range(5):
            exchange.publish("default", "/tasks/start", start_of("x" * 4000))
        with pytest.raises(EventsLost) as lost:
            await anext(events)
        assert lost.value.resume == 4  # the last two fit
        exchange.publish("default", "/tasks/start", start_of("x" * 100_000))
        with pytest.raises(EventsLost):
            await anext(events)
        assert (await anext(events)).sequence == 6  # one is kept, whatever its size


async def test_a_subscriber_that_comes_back_goes_on_where_it_was() -> None:
    exchange = Exchange(events=10)
    with exchange.subscribe() as events:
        exchange.publish("default", "/tasks/start", start_of("a"))
        seen = (await anext(events)).sequence
    exchange.publish("default", "/tasks/start", start_of("b"))
    with exchange.subscribe(since=seen + 1) as events:
        assert name_in(await anext(events)) == "b"
    for index in range(11):
        exchange.publish("default", "/tasks/start", start_of(f"c{index}"))
    with pytest.raises(EventsLost), exchange.subscribe(since=seen + 1):
        pass


async def test_a_listener_is_called_before_publish_returns() -> None:
    exchange, seen = Exchange(), list[int]()
    end = exchange.listen(lambda envelope: seen.append(envelope.sequence))
    exchange.publish("default", "/tasks/start", start_of("a"))
    assert seen == [1]
    end()
    exchange.publish("default", "/tasks/start", start_of("a"))
    assert seen == [1]


async def test_a_closed_subscription_ends_who_waits() -> None:
    exchange = Exchange()
    with exchange.subscribe() as events:
        waiting = asyncio.ensure_future(anext(events, None))
        await asyncio.sleep(0)
        events.close()
        assert await waiting is None


@pytest.mark.parametrize(
    "topic", ["", "tasks", "/", "/tasks/", "//", "/tasks/a b", "/-tasks", "/a/" + "x" * 77, "/a..b", "/é"]
)
def test_topics_that_are_none_are_refused(topic: str) -> None:
    with pytest.raises(InvalidArgument):
        Exchange().publish("default", topic, start_of("a"))


@pytest.mark.parametrize("namespace", ["", "a b", "-a", "a--b", "x" * 77])
def test_namespaces_that_are_none_are_refused(namespace: str) -> None:
    with pytest.raises(InvalidArgument):
        Exchange().publish(namespace, "/tasks/start", start_of("a"))


def test_a_forwarded_event_needs_a_time() -> None:
    with pytest.raises(InvalidArgument):
        Exchange().forward("default", "/tasks/start", None, Any())


async def test_maps_of_what_is_no_text_are_not_there_for_filters() -> None:
    exchange = Exchange()
    with exchange.subscribe() as events:
        struct = Struct(fields={"a": Value(string_value="b")})
        exchange.publish("default", "/a/struct", struct)
        first = await anext(events)
    assert first.field(["event", "fields", "a"]) is None


async def test_filters_see_fields_of_the_message() -> None:
    exchange = Exchange()
    create = ContainerCreate(id="c", image="i", runtime=ContainerCreate.Runtime(name="io.containerd.runc.v2"))
    with exchange.subscribe() as events:
        exchange.publish("default", "/containers/create", create)
        exchange.publish("default", "/tasks/exit", TaskExit(container_id="c", id="e", pid=7))
        exchange.publish("default", "/other", Any(type_url="someone.Else", value=b"\xff"))
        first, second, third = [await anext(events) for _ in range(3)]
    assert first.field(["topic"]) == "/containers/create"
    assert first.field(["namespace"]) == "default"
    assert first.field(["event", "runtime", "name"]) == "io.containerd.runc.v2"
    assert first.field(["event", "id"]) == "c"
    assert (second.field(["event", "id"]), second.field(["event", "pid"])) == ("e", None)
    assert second.field(["event"]) is None
    assert second.field(["event", "no_such"]) is None
    assert third.field(["event", "id"]) is None
