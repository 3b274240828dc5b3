"""A dead shim's tasks are taken back by one new shim, which is asked for each of them once, at the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from packages.manager.tests.runtimes.standing import StandInProgram, StandInShim, bundle_of

from tiffin.manager.runtimes.external.taking_back import Deaths, TakingBack

if TYPE_CHECKING:
    from pathlib import Path

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.connections import Connection


class Group:
    """A shim, dead or alive, of tasks that share it."""

    def __init__(self, folder: Path, *tasks: str) -> None:
        address = folder / "shim.sock"
        self.shim = StandInShim(address, *tasks)
        self.program = StandInProgram(self.shim)
        self.taking_back = TakingBack()
        self.bundles = {task: bundle_of(folder, task, address) for task in tasks}
        self._connections: list[Connection] = []

    async def connection(self, task: str | Bundle) -> Connection | None:
        bundle = self.bundles[task] if isinstance(task, str) else task
        async with asyncio.timeout(20):
            made = await self.taking_back.connection(bundle, cast("Any", self.program), Deaths())
        if made is not None:
            self._connections.append(made)
        return made

    async def close(self) -> None:
        for each in self._connections:
            await each.close()
        await self.shim.server.close()


async def test_a_shim_that_answers_already_is_asked_once(tmp_path: Path) -> None:
    group = Group(tmp_path, "c1")
    await group.shim.listen()
    assert await group.connection("c1") is not None
    assert (group.shim.asked, group.program.started) == (["c1"], [])
    await group.close()


async def test_tasks_of_one_dead_shim_start_it_once(tmp_path: Path) -> None:
    group = Group(tmp_path, "c1", "c2", "c3")
    found = await asyncio.gather(*map(group.connection, group.bundles))
    assert None not in found
    assert len(group.program.started) == 1
    assert sorted(group.shim.asked) == ["c1", "c2", "c3"]
    await group.close()


async def test_a_task_that_hangs_keeps_no_other_one_of_its_shim_waiting(tmp_path: Path) -> None:
    group = Group(tmp_path, "c1", "c2")
    group.shim.hangs.add("c1")
    await group.shim.listen()
    hangs = asyncio.ensure_future(group.connection("c1"))
    await group.shim.until_asked("c1")
    assert await group.connection("c2") is not None
    hangs.cancel()
    await asyncio.wait([hangs])
    await group.close()


async def test_a_shim_without_the_task_is_asked_once_and_may_end(tmp_path: Path) -> None:
    group = Group(tmp_path, "c1")
    await group.shim.listen()
    other = bundle_of(tmp_path, "c9", group.shim.address)
    assert await group.connection(other) is None
    assert (group.shim.asked, group.shim.ended, group.program.started) == (["c9"], 1, [])
    await group.close()


async def test_one_that_dies_while_it_is_asked_is_started_again(tmp_path: Path) -> None:
    group = Group(tmp_path, "c1")
    dying = StandInShim(group.shim.address, "c1")
    dying.dies = True
    await dying.listen()
    assert await group.connection("c1") is not None
    assert (dying.asked, group.program.started, group.shim.asked) == (["c1"], ["c1"], ["c1"])
    await group.close()
