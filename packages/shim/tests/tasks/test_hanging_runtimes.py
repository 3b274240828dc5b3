"""Runtimes that hang, at each verb: one container has the trouble, and nobody else; nothing is left at work."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, NOTHING, Keeping, process_of, shell
from packages.shim.tests.tasks.trouble import HANG, SOON, Trouble, hanging

from tiffin.runtime.errors import RuntimeFailure, TimedOut
from tiffin.shim.runtimes.limits import TimeLimits
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.values import Patience

pytestmark = pytest.mark.requires("root", "runc")


async def test_create_that_hangs_is_undone(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        hanging(keeper, tmp_path, "create")
        request = keeper.request(FOREVER)
        with pytest.raises(
            TimedOut, match=f"OCI runtime create of {request.id} hangs: .* did not end in {SOON:g} s"
        ):
            await keeper.tasks.create(request)
        assert keeper.folders() == []


async def test_create_that_hangs_after_it_has_made_the_container_is_undone(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        hanging(keeper, tmp_path, "create", done=True)
        with pytest.raises(TimedOut):
            await keeper.create(FOREVER)
        assert keeper.folders() == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_creation_that_is_given_up_is_undone(keeper_of: Keeping, tmp_path: Path, when: str) -> None:
    async with keeper_of() as keeper:
        trouble = Trouble(keeper, tmp_path, "create", HANG, done=when == "after")
        creating = asyncio.ensure_future(keeper.create(FOREVER))
        await trouble.begun.begun()
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
        assert keeper.folders() == []
        assert keeper.events == []


async def test_start_that_hangs_holds_up_nobody(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        tasks, other = keeper.tasks, await keeper.create(shell("exit 4"))
        trouble = hanging(keeper, tmp_path, "start")
        keeper.limits = TimeLimits()
        name = await keeper.create(FOREVER)
        starting = asyncio.ensure_future(tasks.start(name))
        await trouble.begun.begun()

        async with asyncio.timeout(30):
            assert (await tasks.state(name)).status is Status.CREATED
            assert len(await tasks.pids(name)) == 1
            assert (name, "", "start") in [one[:3] for one in tasks.activities()]
            assert set(tasks.containers()) == {name, other}
            await tasks.start(other)
            assert (await tasks.wait(other)).status == 4
            await tasks.delete(other)
            await tasks.kill(name, "", signal.SIGKILL)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert (await tasks.wait(name)).status == 128 + signal.SIGKILL


async def test_start_that_hangs_may_be_tried_again(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        trouble = hanging(keeper, tmp_path, "start")
        name = await keeper.create(shell("exit 3"))
        with pytest.raises(TimedOut, match="OCI runtime start"):
            await keeper.tasks.start(name)
        assert (await keeper.tasks.state(name)).status is Status.CREATED
        trouble.over()
        await keeper.tasks.start(name)
        assert (await keeper.tasks.wait(name)).status == 3
        assert keeper.told() == ["create", "start", "exit"]


async def test_start_that_hangs_after_it_has_started_has_started(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        hanging(keeper, tmp_path, "start", done=True)
        name = await keeper.run(FOREVER)
        assert (await keeper.tasks.state(name)).status is Status.RUNNING
        assert keeper.told() == ["create", "start"]


async def test_exec_that_hangs_can_be_deleted(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        tasks = keeper.tasks
        hanging(keeper, tmp_path, "exec")
        name = await keeper.run(FOREVER)
        await tasks.execute(name, "e1", process_of(["true"]), NOTHING)
        with pytest.raises(TimedOut, match="OCI runtime exec"):
            await tasks.start(name, "e1")
        assert (await tasks.state(name, "e1")).status is Status.CREATED
        await tasks.delete(name, "e1")
        assert len(await tasks.pids(name)) == 1


async def test_pause_that_hangs_does_not_keep_it_from_being_killed(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        tasks = keeper.tasks
        trouble = hanging(keeper, tmp_path, "pause")
        name = await keeper.run(FOREVER)
        pausing = asyncio.ensure_future(tasks.pause(name))
        await trouble.begun.begun()
        assert (await tasks.state(name)).status is Status.PAUSING
        await tasks.kill(name, "", signal.SIGKILL)
        assert (await tasks.wait(name)).status == 128 + signal.SIGKILL
        with pytest.raises(TimedOut):
            await pausing
        assert (await tasks.state(name)).status is Status.STOPPED
        await tasks.delete(name)
        assert keeper.told() == ["create", "start", "exit", "delete"]


async def test_pause_that_hangs_after_it_has_frozen_has_paused(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        hanging(keeper, tmp_path, "pause", done=True)
        name = await keeper.run(FOREVER)
        with pytest.raises(TimedOut):
            await keeper.tasks.pause(name)
        assert (await keeper.tasks.state(name)).status is Status.PAUSED
        await keeper.tasks.resume(name)
        assert keeper.told() == ["create", "start", "paused", "resumed"]


async def test_resume_that_hangs_after_it_has_thawed_has_resumed(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        hanging(keeper, tmp_path, "resume", done=True)
        name = await keeper.run(FOREVER)
        await keeper.tasks.pause(name)
        with pytest.raises(TimedOut):
            await keeper.tasks.resume(name)
        assert (await keeper.tasks.state(name)).status is Status.RUNNING
        assert keeper.told() == ["create", "start", "paused", "resumed"]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_start_that_is_given_up_leaves_a_true_state(
    keeper_of: Keeping, tmp_path: Path, when: str
) -> None:
    async with keeper_of() as keeper:
        trouble = Trouble(keeper, tmp_path, "start", HANG, done=when == "after")
        name = await keeper.create(FOREVER)
        starting = asyncio.ensure_future(keeper.tasks.start(name))
        await trouble.begun.begun()
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        status = (await keeper.tasks.state(name)).status
        assert status is (Status.RUNNING if when == "after" else Status.CREATED)
        assert keeper.told() == (["create", "start"] if when == "after" else ["create"])


async def test_delete_that_hangs_may_be_tried_again(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        tasks = keeper.tasks
        trouble = hanging(keeper, tmp_path, "delete")
        name = await keeper.run(shell("exit 3"))
        await tasks.wait(name)
        with pytest.raises(TimedOut, match="OCI runtime delete"):
            await tasks.delete(name)
        assert (await tasks.state(name)).status is Status.STOPPED
        trouble.over()
        assert (await tasks.delete(name)).exit_status == 3


async def test_a_runtime_that_hangs_is_waited_for_in_bounds_by_a_successor(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        trouble = hanging(keeper, tmp_path, "start")
        keeper.limits = TimeLimits().replace(settle=SOON)
        name = await keeper.create(FOREVER)
        starting = asyncio.ensure_future(keeper.tasks.start(name))
        await trouble.begun.begun()
        taken = keeper.new_tasks()  # the first one does not know of it, as if it were dead
        trouble.over()
        assert await taken.recover(str(keeper.bundles[name].path)) == name
        assert (await taken.state(name)).status is Status.CREATED
        await taken.start(name)
        assert (await taken.state(name)).status is Status.RUNNING
        with pytest.raises((RuntimeFailure, asyncio.CancelledError)):
            await starting
        await keeper.tasks.close()
        keeper.tasks = taken


async def test_a_half_made_start_is_asked_for_again_if_the_runtime_does_not_tell(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        trouble = hanging(keeper, tmp_path, "state")
        name = await keeper.run(FOREVER)
        await keeper.tasks.close()
        record = keeper.bundles[name].path / "tiffin/init@state"  # as if killed before it knew that it runs
        record.write_text(record.read_text().replace('"running"', '"starting"'))
        keeper.tasks = keeper.new_tasks()
        with pytest.raises(TimedOut, match="OCI runtime state"):
            await keeper.tasks.recover(str(keeper.bundles[name].path))
        trouble.over()
        assert await keeper.tasks.recover(str(keeper.bundles[name].path)) == name
        assert (await keeper.tasks.state(name)).status is Status.RUNNING


async def test_a_task_with_an_exec_that_hangs_is_cleaned_up(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        trouble = Trouble(keeper, tmp_path, "exec", HANG)
        keeper.patience = Patience(kill=1.0, last_execs=1.0)
        keeper.tasks = keeper.new_tasks()
        name = await keeper.run(FOREVER)
        await keeper.tasks.execute(name, "e1", process_of(FOREVER), NOTHING)
        starting = asyncio.ensure_future(keeper.tasks.start(name, "e1"))
        await trouble.begun.begun()
        was = await keeper.tasks.clean_up(str(keeper.bundles[name].path))
        assert was is not None
        assert was.exit_status == 128 + signal.SIGKILL
        with pytest.raises(RuntimeFailure):
            await starting


async def test_execs_that_hang_are_waited_for_at_once_by_a_successor(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        trouble = Trouble(keeper, tmp_path, "exec", HANG)
        keeper.patience = Patience(half_made=3.0)
        name = await keeper.run(FOREVER)
        starting = []
        for exec_id in ("e1", "e2", "e3", "e4", "e5", "e6"):
            await keeper.tasks.execute(name, exec_id, process_of(FOREVER), NOTHING)
            starting.append(asyncio.ensure_future(keeper.tasks.start(name, exec_id)))
        while trouble.begun.read.count(b"begun") < len(starting):
            with contextlib.suppress(EOFError):  # one has written, and the next has not begun
                await trouble.begun.until("begun\n" * len(starting))
        taken = keeper.new_tasks()  # the first one does not know of it, as if it were dead
        async with asyncio.timeout(15):
            assert await taken.recover(str(keeper.bundles[name].path)) == name
        for exec_id in taken.execs(name):
            assert (await taken.state(name, exec_id)).status is Status.CREATED
        failed = await asyncio.gather(*starting, return_exceptions=True)
        assert all(isinstance(one, RuntimeFailure) for one in failed)
        await keeper.tasks.close()
        keeper.tasks = taken
