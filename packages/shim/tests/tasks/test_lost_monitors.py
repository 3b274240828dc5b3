"""Monitors that are killed themselves: their containers cannot go on, and are told to have ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeping, process_of, shell
from packages.shim.tests.tasks.monitors import cut, kill, living_monitor_of, monitor_of
from packages.shim.tests.tasks.trouble import Trouble

from tiffin.runtime.errors import AlreadyExists, Unavailable
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.states import Status

pytestmark = pytest.mark.requires("root", "runc")

WITHOUT_PIDS = {"linux": {"namespaces": [{"type": name} for name in ("network", "ipc", "uts", "mount")]}}


@pytest.mark.parametrize("config", [{}, WITHOUT_PIDS], ids=["own pids", "shared pids"])
async def test_a_container_ends_with_its_monitor(keeper_of: Keeping, config: dict[str, object]) -> None:
    async with keeper_of() as keeper:
        tasks = keeper.tasks
        name = await keeper.run(shell("sleep 1000 & sleep 1000 & exec sleep 1000"), config)
        exec_id = await keeper.exec(name, FOREVER)
        kill(monitor_of(keeper, name))
        for process in (exec_id, ""):
            assert (await tasks.wait(name, process)).status == 128 + signal.SIGKILL
            assert (await tasks.state(name, process)).status is Status.STOPPED
        assert await keeper.empty(name)
        assert (await tasks.delete(name)).exit_status == 128 + signal.SIGKILL
        assert keeper.told() == ["create", "start", "exec-added", "exec-started", "exit", "exit", "delete"]


async def test_a_monitor_that_is_killed_while_it_makes_a_task_leaves_nothing_at_work(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        trouble = Trouble(keeper, tmp_path, "create", "sleep 1000")
        others = asyncio.all_tasks()
        request = keeper.request(FOREVER)
        making = asyncio.ensure_future(keeper.tasks.create(request))
        await trouble.begun.begun()
        kill(living_monitor_of(request.bundle))
        with pytest.raises(Unavailable):
            await making
        assert asyncio.all_tasks() == others
        assert keeper.folders() == []
        assert keeper.events == []


async def test_what_never_ran_may_be_deleted_while_that_is_found_out(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.create(FOREVER)
        container = keeper.tasks._containers[name]
        heard, lost = asyncio.Event(), container.lost

        def told_of_it() -> None:
            lost()
            heard.set()

        container.lost = told_of_it  # type: ignore[method-assign]
        kill(monitor_of(keeper, name))
        await heard.wait()
        assert (await keeper.tasks.delete(name)).exit_status == 128 + signal.SIGKILL
        assert keeper.told() == ["create", "exit", "delete"]


async def test_what_had_ended_before_is_true(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        exec_id = await keeper.exec(name, shell("exit 3"))
        assert (await tasks.wait(name, exec_id)).status == 3
        kill(monitor_of(keeper, name))
        await tasks.wait(name)
        assert (await tasks.wait(name, exec_id)).status == 3
        stopped = await keeper.run(shell("exit 9"))
        assert (await tasks.wait(stopped)).status == 9
        kill(monitor_of(keeper, stopped))
        assert (await tasks.delete(stopped)).exit_status == 9


async def test_both_are_killed(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        running, created, paused = (
            await keeper.run(FOREVER),
            await keeper.create(FOREVER),
            await keeper.run(FOREVER),
        )
        exec_id = await keeper.exec(running, FOREVER)
        await keeper.tasks.pause(paused)
        monitors = [monitor_of(keeper, name) for name in (running, created, paused)]
        await keeper.tasks.close()
        for monitor in monitors:
            kill(monitor)
        keeper.tasks = keeper.new_tasks()
        for name in (running, created, paused):
            assert await keeper.tasks.recover(str(keeper.bundles[name].path)) == name
            assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL
        assert (await keeper.tasks.wait(running, exec_id)).status == 128 + signal.SIGKILL


async def test_all_of_it_is_killed_and_nobody_knows_how_it_ended(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        monitor, pid = monitor_of(keeper, name), (await keeper.tasks.state(name)).pid
        await keeper.tasks.close()
        os.kill(monitor, signal.SIGSTOP)  # so that it records nothing
        kill(pid)
        kill(monitor)
        keeper.tasks = keeper.new_tasks()
        await keeper.tasks.recover(str(keeper.bundles[name].path))
        assert (await keeper.tasks.wait(name)).status == 255


async def test_a_connection_that_is_cut_is_taken_up_again(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        exec_id = await keeper.exec(name, FOREVER)
        cut(keeper, name)
        for process in (exec_id, ""):
            pid = (await tasks.state(name, process)).pid
            os.kill(pid, signal.SIGKILL)
            assert (await tasks.wait(name, process)).status == 128 + signal.SIGKILL
        await tasks.delete(name, exec_id)
        await tasks.delete(name)


async def test_an_exec_that_was_being_started_then_may_be_started_again(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        trouble = Trouble(keeper, tmp_path, "exec", "sleep 1000")
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        await tasks.execute(name, "e1", process_of(shell("exit 3")), Stdio())
        starting = asyncio.ensure_future(tasks.start(name, "e1"))
        await trouble.begun.begun()
        cut(keeper, name)
        with pytest.raises(Unavailable):
            await starting
        trouble.over()
        while True:  # until the connection is there, and the monitor has forgotten the first try
            with contextlib.suppress(Unavailable, AlreadyExists):
                await tasks.start(name, "e1")
                break
            await asyncio.sleep(0.01)
        assert (await tasks.wait(name, "e1")).status == 3


async def test_what_needs_the_monitor_is_unavailable(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        keeper.tasks._containers[name].monitor, kept = None, keeper.tasks._containers[name].monitor
        with pytest.raises(Unavailable, match="monitor"):
            await keeper.tasks.kill(name, "", signal.SIGTERM)
        with pytest.raises(Unavailable, match="monitor"):
            await keeper.exec(name, FOREVER)
        keeper.tasks._containers[name].monitor = kept
