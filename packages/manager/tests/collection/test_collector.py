"""Collections are run when they are due, one at a time; who waits gets one that began later."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tiffin.image.collection.collect import Collected
from tiffin.image.errors import Unavailable
from tiffin.manager.collection.collector import Collection, Collector
from tiffin.manager.config.duration import Duration
from tiffin.manager.config.settings import Scheduler

NEVER = Scheduler(startup_delay=Duration(0.0))
NOTHING = Collected((), 0, 5, 0.25, 0.5)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


class Collecting:
    """Counts, and lets a test hold each one. fail: what the next ones raise."""

    def __init__(self) -> None:
        self.began = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.count = 0
        self.fail: Exception | None = None

    def __call__(self) -> Collected:
        self.count += 1
        self.began.release()
        self.go_on.acquire()
        if self.fail:
            raise self.fail
        return NOTHING


def test_the_first_is_run_by_itself_and_listeners_are_told() -> None:
    async def work() -> None:
        told: asyncio.Queue[Collection] = asyncio.Queue()
        collector = Collector(lambda: NOTHING, Scheduler(startup_delay=Duration(0.01)))
        collector.listen(told.put_nowait)
        async with collector.running():
            made = await told.get()
        assert (made.pause, made.looking, made.removed, made.error) == (0.25, 0.5, 0, None)

    run(work())


def test_a_deletion_starts_one_and_a_change_does_not() -> None:
    async def work() -> None:
        told: asyncio.Queue[Collection] = asyncio.Queue()
        collector = Collector(lambda: NOTHING, NEVER)
        collector.listen(told.put_nowait)
        async with collector.running():
            collector.mutated()
            await asyncio.sleep(0.05)
            assert told.empty()
            collector.mutated(deletion=True)
            await told.get()

    run(work())


def test_who_waits_while_one_runs_gets_the_next() -> None:
    async def work() -> None:
        collecting = Collecting()
        collector = Collector(collecting, NEVER)
        async with collector.running():
            first = asyncio.create_task(collector.collect())
            await asyncio.to_thread(collecting.began.acquire)
            second = asyncio.create_task(collector.collect())
            third = asyncio.create_task(asyncio.to_thread(collector.collect_from_thread))
            collecting.go_on.release()
            await first
            await asyncio.to_thread(collecting.began.acquire)
            assert not second.done()
            collecting.go_on.release(2)  # the thread may come so late that it gets one of its own
            await second
            await third
            assert collecting.count <= 3

    run(work())


@pytest.mark.parametrize(
    "error", [Unavailable("busy"), OSError(28, "full"), RuntimeError("can't start new thread")]
)
def test_one_that_fails_is_told_to_who_waits_and_the_next_is_not_hindered(error: Exception) -> None:
    async def work() -> None:
        collecting = Collecting()
        collecting.fail = error
        collecting.go_on.release(10)
        collector = Collector(collecting, NEVER)
        async with collector.running():
            with pytest.raises(type(error)):
                await collector.collect()
            collecting.fail = None
            assert (await collector.collect()).error is None

    run(work())


def test_who_waits_at_the_end_is_told() -> None:
    async def work() -> None:
        collecting = Collecting()
        collector = Collector(collecting, NEVER)
        async with collector.running():
            held = asyncio.create_task(collector.collect())
            await asyncio.to_thread(collecting.began.acquire)
            late = asyncio.create_task(collector.collect())
            await asyncio.sleep(0)
            collecting.go_on.release(5)
        results = await asyncio.gather(held, late, return_exceptions=True)
        assert all(isinstance(each, Unavailable | Collection) for each in results)
        assert isinstance(results[1], Unavailable)

    run(work())


def test_who_comes_after_the_end_is_told() -> None:
    async def work() -> None:
        collector = Collector(lambda: NOTHING, NEVER)
        async with collector.running():
            await collector.collect()
        with pytest.raises(Unavailable):
            await collector.collect()

    run(work())


def test_other_thresholds_count_at_once() -> None:
    async def work() -> None:
        done: asyncio.Queue[Collection] = asyncio.Queue()
        collector = Collector(lambda: NOTHING, NEVER)
        collector.listen(done.put_nowait)
        async with collector.running():
            collector.mutated()
            collector.set(Scheduler(mutation_threshold=1))
            await done.get()

    run(work())


def test_it_sleeps_while_there_is_nothing_to_do() -> None:
    async def work() -> None:
        looked = 0
        collector = Collector(lambda: NOTHING, NEVER)
        due: Callable[[], float | None] = collector._schedule.due

        def counted() -> float | None:
            nonlocal looked
            looked += 1
            return due()

        collector._schedule.due = counted  # type: ignore[method-assign]
        async with collector.running():
            await asyncio.sleep(0.3)
        assert looked == 1

    run(work())
