"""Events arrive once and in order at a containerd that is slow, gone, restarted or refuses one; nobody waits for it."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from tiffin.api.containerd.events import task_pb2
from tiffin.api.containerd.services.ttrpc.events.v1 import events_pb2
from tiffin.api.containerd.services.ttrpc.events.v1.events_services import EVENTS
from tiffin.api.typeurl import unpack
from tiffin.shim.events.publisher import REFUSALS, Publisher
from tiffin.shim.events.values import TaskOOM, TaskStart
from tiffin.ttrpc import Client, Code, Context, Raw, RpcError, Server, implement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAMESPACE = "tiffin-test"


class Containerd:
    """Takes events, as long as its block runs."""

    def __init__(self, address: Path) -> None:
        self.address = str(address)
        self.taken: list[events_pb2.ForwardRequest] = []
        self.refused: list[str] = []
        self.arrived = asyncio.Condition()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def forward(self, request: events_pb2.ForwardRequest, _: Context) -> Raw:
        container = container_of(request)
        if container == "refused":
            self.refused.append(container)
            raise RpcError(Code.INVALID_ARGUMENT, "not this one")
        await self.may_answer.wait()
        async with self.arrived:
            self.taken.append(request)
            self.arrived.notify_all()
        return Raw()

    async def wait_for(self, count: int) -> list[str]:
        async with asyncio.timeout(20), self.arrived:
            await self.arrived.wait_for(lambda: len(self.taken) >= count)
        return [container_of(request) for request in self.taken]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with Server({EVENTS.name: implement(EVENTS, {"Forward": self.forward})}) as server:
            await server.listen(self.address, replace_stale=True)
            yield


def container_of(request: events_pb2.ForwardRequest) -> str:
    if request.envelope.topic == "/tasks/oom":
        return unpack(request.envelope.event, task_pb2.TaskOOM).container_id
    return unpack(request.envelope.event, task_pb2.TaskStart).container_id


@pytest.fixture
def containerd(tmp_path: Path) -> Containerd:
    return Containerd(tmp_path / "events")


async def test_an_event_arrives_with_its_namespace_topic_and_time(containerd: Containerd) -> None:
    before = time.time_ns()
    async with containerd.running():
        publisher = Publisher(containerd.address, NAMESPACE)
        publisher.publish(TaskStart("one", 42))
        assert await publisher.close(20) == 0
    (request,) = containerd.taken
    assert (request.envelope.namespace, request.envelope.topic) == (NAMESPACE, "/tasks/start")
    assert request.envelope.event.type_url == "containerd.events.TaskStart"
    assert unpack(request.envelope.event, task_pb2.TaskStart).pid == 42
    assert before <= request.envelope.timestamp.ToNanoseconds() <= time.time_ns()


async def test_a_thousand_events_arrive_in_order(containerd: Containerd) -> None:
    names = [str(number) for number in range(1000)]
    async with containerd.running():
        publisher = Publisher(containerd.address, NAMESPACE)
        for name in names:
            publisher.publish(TaskOOM(name))
        assert await publisher.close(20) == 0
    assert [container_of(request) for request in containerd.taken] == names


async def test_events_wait_for_a_containerd_that_starts_later(containerd: Containerd) -> None:
    publisher = Publisher(containerd.address, NAMESPACE)
    publisher.publish(TaskOOM("one"))
    publisher.publish(TaskOOM("two"))
    await asyncio.sleep(0)
    async with containerd.running():
        assert await containerd.wait_for(2) == ["one", "two"]
        await publisher.close(20)


async def test_events_go_on_after_a_restart(containerd: Containerd) -> None:
    publisher = Publisher(containerd.address, NAMESPACE)
    async with containerd.running():
        publisher.publish(TaskOOM("one"))
        await containerd.wait_for(1)
    publisher.publish(TaskOOM("two"))
    async with containerd.running():
        assert await containerd.wait_for(2) == ["one", "two"]
    publisher.publish(TaskOOM("three"))
    async with containerd.running():
        assert await publisher.close(20) == 0
    assert await containerd.wait_for(3) == ["one", "two", "three"]


async def test_one_that_is_killed_before_it_answers_gets_the_event_again(containerd: Containerd) -> None:
    containerd.may_answer.clear()
    publisher = Publisher(containerd.address, NAMESPACE)
    async with containerd.running():
        publisher.publish(TaskOOM("one"))
        publisher.publish(TaskOOM("two"))
    containerd.may_answer.set()
    async with containerd.running():
        assert await containerd.wait_for(2) == ["one", "two"]
        await publisher.close(20)


async def test_a_slow_one_is_asked_again_and_nobody_waits(containerd: Containerd) -> None:
    containerd.may_answer.clear()
    async with containerd.running():
        publisher = Publisher(containerd.address, NAMESPACE, timeout=0.1)
        started = time.monotonic()
        for number in range(100):
            publisher.publish(TaskOOM(str(number)))
        assert time.monotonic() - started < 1
        assert await publisher.close(0.5) == 100
        containerd.may_answer.set()


async def test_a_refused_event_does_not_hold_up_the_others(
    containerd: Containerd, caplog: pytest.LogCaptureFixture
) -> None:
    async with containerd.running():
        publisher = Publisher(containerd.address, NAMESPACE)
        for name in ("one", "refused", "two"):
            publisher.publish(TaskOOM(name))
        assert await publisher.close(20) == 0
    assert await containerd.wait_for(2) == ["one", "two"]
    assert len(containerd.refused) == REFUSALS
    assert "refuses it: /tasks/oom" in caplog.text


async def test_an_end_of_all_sending_is_logged_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked = asyncio.Event()

    async def connect(_: str) -> Client:
        asked.set()
        raise ValueError("a mistake in this program")

    monkeypatch.setattr(Client, "connect", connect)
    publisher = Publisher("/nowhere", NAMESPACE)
    publisher.publish(TaskOOM("c1"))
    await asked.wait()
    await asyncio.sleep(0)
    assert "a mistake in this program" in caplog.text
    with pytest.raises(ValueError, match="a mistake"):
        await publisher.close(0)


async def test_a_full_queue_keeps_the_newest(
    containerd: Containerd, caplog: pytest.LogCaptureFixture
) -> None:
    publisher = Publisher(containerd.address, NAMESPACE, most=4)
    for number in range(10):
        publisher.publish(TaskOOM(str(number)))
    assert publisher.lost == 6
    assert caplog.text.count("given up") == 1
    async with containerd.running():
        assert await publisher.close(20) == 0
    assert await containerd.wait_for(4) == ["0", "7", "8", "9"]
