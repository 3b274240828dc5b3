"""Clients are at work already while a task is taken back that does not say yet how it is."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from packages.manager.tests.tasks.standing import StandIn

from tiffin.manager.events.exchange import Exchange
from tiffin.manager.runtimes.bundles.bundle import Bundles
from tiffin.manager.runtimes.bundles.discard import discard
from tiffin.manager.runtimes.bundles.make import make_bundle
from tiffin.manager.runtimes.table import RuntimeTable
from tiffin.manager.runtimes.values import Exit, ProcessState, Status
from tiffin.manager.tasks import recovery
from tiffin.manager.tasks.limits import Limits
from tiffin.manager.tasks.manager import TaskManager
from tiffin.manager.tasks.request import Container, TaskRequest
from tiffin.runtime.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.values import Creation


class Shim(StandIn):
    """It removes its bundle when it is deleted, and knows nothing of its task from then on.

    deleted: is set from then on. asked: when it has said so. removal: the bundle is removed when this is set.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        self.deleted, self.asked, self.removal = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def delete(self, exec_id: str) -> Exit:
        self.deleted.set()
        await self.removal.wait()
        await discard(self.bundle)
        return await super().delete(exec_id)

    async def state(self, exec_id: str) -> ProcessState:
        if self.deleted.is_set():
            self.asked.set()
            raise NotFound("no such task")
        return await super().state(exec_id)


class Runtime:
    """As `TaskRuntime`, with the shim of one task.

    is_made: the shim has the task when this is set; None: it has it. cleaned_up: how often that was asked for.
    """

    def __init__(self, shim: Shim) -> None:
        self.shim = shim
        self.is_made: asyncio.Event | None = None
        self.cleaned_up = 0

    async def recover(self, _: Bundle, __: object, unmade: Callable[[], None]) -> Shim:
        if self.is_made is not None:
            unmade()
            await self.is_made.wait()
        return self.shim

    async def create(self, creation: Creation, _: object) -> StandIn:
        return StandIn(creation.bundle)

    async def clean_up(self, _: Bundle, __: object) -> Exit:
        self.cleaned_up += 1
        return Exit(10, 137, 1)

    async def close(self) -> None:
        """Nothing to do."""


class Stored:
    """As `Containers`."""

    def get(self, _: str, identifier: str) -> Container:
        return Container(identifier, None, "io.containerd.none.v1")


class Taking:
    """A manager that takes one task back; its runtime; the topics of what is published."""

    def __init__(self, folder: Path) -> None:
        bundles = Bundles(str(folder / "root"), str(folder / "state"))
        bundle = bundles.of("default", "c1")
        make_bundle(bundle, b"{}")
        self.runtime, self.topics = Runtime(Shim(bundle)), list[str]()
        exchange, table = Exchange(), RuntimeTable(cast("Any", self.runtime))
        exchange.listen(lambda envelope: self.topics.append(envelope.topic))
        self.manager = TaskManager(bundles, table, Stored(), exchange, Limits(state=0.01))


@asynccontextmanager
async def taking_back(folder: Path) -> AsyncIterator[tuple[TaskManager, Runtime, list[str]]]:
    """One whose task hangs."""
    taking = Taking(folder)
    taking.runtime.shim.hang()
    await recovery.recover(taking.manager)
    assert (await taking.manager.get("default", "c1").state("")).status is Status.UNKNOWN
    yield taking.manager, taking.runtime, taking.topics
    await taking.manager.close()


async def test_its_name_is_free_when_it_is_deleted(tmp_path: Path) -> None:
    async with taking_back(tmp_path) as (manager, runtime, _), asyncio.timeout(60):
        runtime.shim.go_on(Status.STOPPED)
        runtime.shim.removal.set()
        assert await manager.delete("default", "c1") == Exit(10, 0, 0)
        made, _ = await manager.create("default", TaskRequest("c1"))
        assert manager.list() == [made]


async def test_who_deletes_it_is_not_disturbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "AGAIN", 0.01)
    async with taking_back(tmp_path) as (manager, runtime, topics), asyncio.timeout(60):
        shim = runtime.shim
        deleting = asyncio.ensure_future(manager.delete("default", "c1"))
        await shim.deleted.wait()
        shim.go_on(Status.STOPPED)
        for _ in range(2):  # the taking back hears that there is no such task, and goes on
            shim.asked.clear()
            await shim.asked.wait()
        shim.removal.set()
        assert await deleting == Exit(10, 0, 0)
        assert (runtime.cleaned_up, topics) == (0, [])
        assert manager.list() == []


async def test_a_start_does_not_wait_for_what_was_just_being_made(tmp_path: Path) -> None:
    taking = Taking(tmp_path)
    taking.runtime.is_made = asyncio.Event()
    async with asyncio.timeout(20):
        await recovery.recover(taking.manager)
    assert taking.manager.list() == []
    with pytest.raises(Unavailable):  # nobody else gets its name
        await taking.manager.create("default", TaskRequest("c1"))
    taking.runtime.is_made.set()
    await taking.manager.recovering.all_ended()
    assert (await taking.manager.get("default", "c1").state("")).status is Status.RUNNING
    await taking.manager.close()
