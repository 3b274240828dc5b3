"""Callers that come in each other's way: a task that is being made, taken back and deleted at the same time."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeper, Keeping, output, process_of, shell
from packages.shim.tests.tasks.trouble import HANG, Trouble

from tiffin.runtime.errors import AlreadyExists, NotFound, OperationFailed, RuntimeFailure
from tiffin.shim.runtimes.limits import TimeLimits
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks import recovery
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.values import Patience

pytestmark = pytest.mark.requires("root", "runc")


class Slow:
    """A creation that goes on when it is told to."""

    def __init__(self, keeper: Keeper, folder: Path) -> None:
        self._go = folder / "go"
        os.mkfifo(self._go)
        binary = keeper.binary
        self._trouble = Trouble(keeper, folder, "create", f'read go <{self._go}; exec {binary} "$@"')
        self.request = keeper.request(FOREVER)
        self.making = asyncio.ensure_future(keeper.tasks.create(self.request))

    async def begun(self) -> None:
        await self._trouble.begun.begun()

    def go(self) -> None:
        self._go.write_text("go\n")


async def test_a_task_that_is_being_made_is_deleted_when_it_is_made(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    """As with the real shim, whose Delete waits for its Create: containerd deletes what it gave up to create."""
    async with keeper_of() as keeper:
        slow = Slow(keeper, tmp_path)
        await slow.begun()
        deleting = asyncio.ensure_future(keeper.tasks.delete(slow.request.id))
        await asyncio.sleep(0)
        slow.go()
        assert (await deleting).exit_status == 137
        await slow.making
        assert keeper.tasks.containers() == ()
        assert keeper.told() == ["create", "exit", "delete"]


@pytest.mark.parametrize("verb", ["recover", "clean_up"])
async def test_a_task_that_is_being_made_is_not_taken_for_a_half_made_one(
    keeper_of: Keeping, tmp_path: Path, verb: str
) -> None:
    async with keeper_of() as keeper:
        slow = Slow(keeper, tmp_path)
        await slow.begun()
        other = asyncio.ensure_future(getattr(keeper.tasks, verb)(slow.request.bundle))
        await asyncio.sleep(0)
        slow.go()
        assert await slow.making
        if verb == "recover":
            with pytest.raises(AlreadyExists):
                await other
            assert (await keeper.tasks.state(slow.request.id)).status is Status.CREATED
        else:
            assert (await other).exit_status == 137
            assert keeper.tasks.containers() == ()


async def test_who_asks_for_a_task_that_is_being_taken_back_waits_for_that_one_alone(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        other = await keeper.run(FOREVER)
        trouble = Trouble(keeper, tmp_path, "start", HANG)
        keeper.limits = TimeLimits().replace(settle=2.0)
        name = await keeper.create(FOREVER)
        starting = asyncio.ensure_future(keeper.tasks.start(name))
        await trouble.begun.begun()
        taken = keeper.new_tasks()  # the first one does not know of it, as if it were dead
        recovering = [
            asyncio.ensure_future(taken.recover(str(keeper.bundles[each].path))) for each in (name, other)
        ]
        await asyncio.sleep(0)
        asking = asyncio.ensure_future(taken.state(name))
        assert (await taken.state(other)).status is Status.RUNNING
        assert not asking.done()
        assert set(taken.containers()) == {name, other}
        with pytest.raises(NotFound):
            await taken.connect(name)  # containerd asks so whether a shim lives
        assert (await asking).status is Status.CREATED
        assert await asyncio.gather(*recovering) == [name, other]
        with pytest.raises(RuntimeFailure):
            await starting
        await keeper.tasks.close()
        keeper.tasks = taken


async def test_one_that_cannot_be_taken_back_holds_nothing_open(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_: object) -> None:
        raise OperationFailed("no room")

    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        bundle = str(keeper.bundles[name].path)
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        before = os.listdir("/proc/self/fd")
        with monkeypatch.context() as patch:
            patch.setattr(recovery, "finish_first", fail)
            for _ in range(3):
                with pytest.raises(OperationFailed, match="no room"):
                    await keeper.tasks.recover(bundle)
        assert len(os.listdir("/proc/self/fd")) == len(before)
        assert await keeper.tasks.recover(bundle) == name


async def test_one_that_cannot_be_removed_is_kept(keeper_of: Keeping, tmp_path: Path) -> None:
    """So that the next try does not take it back once more, beside the first."""
    async with keeper_of() as keeper:
        trouble = Trouble(keeper, tmp_path, "delete", "echo no >&2")
        name = await keeper.run(FOREVER)
        bundle = str(keeper.bundles[name].path)
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        with pytest.raises(RuntimeFailure):
            await keeper.tasks.clean_up(bundle)
        assert keeper.tasks.containers() == (name,)
        trouble.over()
        was = await keeper.tasks.clean_up(bundle)
        assert was is not None
        assert was.exit_status == 137
        assert keeper.told(name)[-2:] == ["exit", "delete"]


async def test_the_output_of_all_is_waited_for_at_once(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        keeper.patience = Patience(drain=2.0)
        tasks = keeper.tasks = keeper.new_tasks()
        with output(tmp_path) as out:
            name = await keeper.run(FOREVER, stdio=Stdio("", str(out.path)))
            for number in range(8):
                await tasks.execute(name, f"e{number}", process_of(shell("yes")), Stdio("", str(out.path)))
                await tasks.start(name, f"e{number}")
            await tasks.kill(name, everything=True)
            await tasks.wait(name)
            async with asyncio.timeout(12):
                await tasks.delete(name)
