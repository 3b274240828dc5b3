"""Events by `Client`: in order, and, from a manager of ours, with a place to go on from."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest
from packages.manager.tests.clients.test_tasks import made

from tiffin.api.containerd.events.image_pb2 import ImageCreate
from tiffin.api.typeurl import unpack
from tiffin.manager.client.transport.failures import DataLoss

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from packages.manager.tests.clients.conftest import Place, Reach

    from tiffin.manager.client.events import Event

pytestmark = pytest.mark.requires("root", "containerd", "runc", "busybox")

MARK = "/marks/one"


async def begun(place: Place, events: AsyncGenerator[Event, None]) -> Event:
    """The first event of a subscription, which is a mark of ours: from then on it misses nothing."""
    first = asyncio.ensure_future(anext(events))
    while not first.done():
        await place.client.events.publish(MARK, ImageCreate(name="mark"))
        await asyncio.wait({first}, timeout=0.05)
    return first.result()


async def until(events: AsyncGenerator[Event, None], topic: str) -> list[Event]:
    """What comes, to the first of that topic, without marks."""
    found = [await anext(events)]
    while found[-1].topic != topic:
        found.append(await anext(events))
    return [event for event in found if event.topic != MARK]


def own_events(place: Place, since: str = "") -> AsyncGenerator[Event, None]:
    return place.client.events.subscribe([f"namespace=={place.client.session.namespace}"], since=since)


async def live(place: Place, name: str) -> None:
    container = await made(place, "true", name=name)
    task = await container.create_task()
    await task.start()
    await task.wait()
    await task.delete()
    await container.delete()


def test_the_events_of_a_life_come_in_order(reach: Reach) -> None:
    async def work(place: Place) -> None:
        async with aclosing(own_events(place)) as events:
            mark = await begun(place, events)
            assert unpack(mark.message, ImageCreate).name == "mark"
            await live(place, "one")
            found = await until(events, "/containers/delete")
        assert [event.topic for event in found if event.topic.startswith("/tasks/")] == [
            "/tasks/create", "/tasks/start", "/tasks/exit", "/tasks/delete",
        ]  # fmt: skip
        assert {bool(event.place) for event in found} == {reach.ours}

    reach(work)


def test_who_has_seen_an_event_goes_on_after_it(reach: Reach) -> None:
    async def work(place: Place) -> None:
        async with aclosing(own_events(place)) as events:
            mark = await begun(place, events)
        if not reach.ours:
            assert mark.place == ""
            return
        await live(place, "meanwhile")
        async with aclosing(own_events(place, since=mark.place)) as events:
            found = await until(events, "/containers/delete")
        assert [event.topic for event in found][:2] == ["/containers/create", "/tasks/create"]

    reach(work)


def test_a_place_of_another_life_of_the_manager_is_data_loss(reach: Reach) -> None:
    async def work(place: Place) -> None:
        if reach.ours:
            with pytest.raises(DataLoss):
                await anext(own_events(place, since="another-life/5"))

    reach(work)
