"""Monitors that are stopped, or that answer late: they are waited for in bounds, and nothing is lost by that."""

from __future__ import annotations

import asyncio
import os
import select
import signal

import pytest
from packages.shim.tests.monitor.scene import ended
from packages.shim.tests.tasks.keeping import FOREVER, NOTHING, Keeping, process_of, shell
from packages.shim.tests.tasks.monitors import monitor_of

from tiffin.runtime.errors import FailedPrecondition, NotFound, OperationFailed, TimedOut
from tiffin.runtime.state.identity import is_alive, process_stat
from tiffin.shim.runtimes import stopping
from tiffin.shim.runtimes.limits import TimeLimits
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks import recovery
from tiffin.shim.tasks.container import Container
from tiffin.shim.tasks.records import TaskRecord
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.surroundings import Surroundings
from tiffin.shim.tasks.values import Patience

pytestmark = pytest.mark.requires("root", "runc")


async def test_one_that_answers_late_is_asked_again_and_its_task_is_not_told_to_be_missing(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the machine is so slow that no answer comes in time: who hears of no task removes what lives."""
    tried, once = asyncio.Event(), recovery.recover

    async def recover(record: TaskRecord, surroundings: Surroundings) -> Container | None:
        try:
            return await once(record, surroundings)
        finally:
            tried.set()

    monkeypatch.setattr(recovery, "BETWEEN_TRIES", 0.01)
    monkeypatch.setattr(recovery, "recover", recover)
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        monitor, bundle = monitor_of(keeper, name), str(keeper.bundles[name].path)
        await keeper.tasks.close()
        keeper.patience = Patience(monitor=0.1)
        keeper.tasks = keeper.new_tasks()
        os.kill(monitor, signal.SIGSTOP)
        try:
            taking_back = asyncio.ensure_future(keeper.tasks.recover_at_last(bundle))
            for _ in range(2):
                await tried.wait()
                tried.clear()
            asking = asyncio.ensure_future(keeper.tasks.state(name))
            assert keeper.tasks.containers() == (name,)
        finally:
            os.kill(monitor, signal.SIGCONT)
        assert await taking_back == name
        assert (await asking).status is Status.RUNNING


async def test_records_that_cannot_be_read_are_not_tried_again(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        file = keeper.bundles[name].path / "tiffin" / "init@state"
        good = file.read_text()
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        file.write_text("{")
        with pytest.raises(OperationFailed, match="init@state"):
            await keeper.tasks.recover_at_last(str(keeper.bundles[name].path))
        file.write_text(good)


async def test_one_that_is_stopped_holds_a_successor_up_in_bounds(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        keeper.patience = Patience(monitor=1.0)
        name = await keeper.run(FOREVER)
        monitor, bundle = monitor_of(keeper, name), str(keeper.bundles[name].path)
        await keeper.tasks.close()
        os.kill(monitor, signal.SIGSTOP)
        keeper.tasks = keeper.new_tasks()
        with pytest.raises(TimedOut, match="does not answer"):
            await keeper.tasks.recover(bundle)
        os.kill(monitor, signal.SIGCONT)
        assert await keeper.tasks.recover(bundle) == name
        assert (await keeper.tasks.state(name)).status is Status.RUNNING


@pytest.mark.parametrize("further", [False, True])
async def test_a_signal_reaches_a_process_whose_monitor_is_stopped(
    keeper_of: Keeping, *, further: bool
) -> None:
    """So does one that hangs in writing to a log."""
    async with keeper_of() as keeper:
        keeper.patience = Patience(monitor=1.0)
        tasks = keeper.tasks = keeper.new_tasks()
        name = await keeper.run(FOREVER)
        process = await keeper.exec(name, FOREVER) if further else ""
        monitor = monitor_of(keeper, name)
        end = os.pidfd_open((await tasks.state(name, process)).pid)
        os.kill(monitor, signal.SIGSTOP)
        try:
            async with asyncio.timeout(10):
                await tasks.kill(name, process, signal.SIGKILL)
            assert (await asyncio.to_thread(select.select, [end], [], [], 10))[0]
            with pytest.raises(NotFound):
                await tasks.kill(name, process, signal.SIGKILL)
        finally:
            os.kill(monitor, signal.SIGCONT)
            os.close(end)
        assert (await tasks.wait(name, process)).status == 128 + signal.SIGKILL


async def test_one_that_is_stopped_holds_a_deletion_up_in_bounds(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        keeper.patience = Patience(monitor=1.0, drain=1.0)
        keeper.tasks = keeper.new_tasks()
        name = await keeper.run(shell("exit 3"))
        await keeper.tasks.wait(name)
        monitor = monitor_of(keeper, name)
        begun = process_stat(monitor)
        assert begun is not None
        os.kill(monitor, signal.SIGSTOP)
        async with asyncio.timeout(10):
            assert (await keeper.tasks.delete(name)).exit_status == 3
        assert keeper.folders() == []
        assert not is_alive(monitor, begun[1])


async def test_one_that_is_stopped_holds_the_deletion_of_what_never_ran_up_in_bounds(
    keeper_of: Keeping,
) -> None:
    async with keeper_of() as keeper:
        keeper.patience = Patience(monitor=0.5, kill=0.5, last_execs=0.5)
        keeper.tasks = keeper.new_tasks()
        name = await keeper.create(FOREVER)
        monitor, pid = monitor_of(keeper, name), (await keeper.tasks.state(name)).pid
        os.kill(monitor, signal.SIGSTOP)
        try:
            async with asyncio.timeout(10):
                with pytest.raises(FailedPrecondition):  # it is dead, and only the monitor may tell that
                    await keeper.tasks.delete(name)
            await ended(pid)
        finally:
            os.kill(monitor, signal.SIGCONT)
        await keeper.tasks.wait(name)
        assert (await keeper.tasks.delete(name)).exit_status == 128 + signal.SIGKILL


async def test_one_that_is_stopped_holds_up_the_start_of_an_exec_in_bounds(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "SECONDS", 0.5)
    async with keeper_of() as keeper:
        keeper.limits = TimeLimits().replace(exec=0.5)
        name = await keeper.run(FOREVER)
        await keeper.tasks.execute(name, "e1", process_of(shell("exit 3")), NOTHING)
        monitor = monitor_of(keeper, name)
        os.kill(monitor, signal.SIGSTOP)
        try:
            async with asyncio.timeout(15):
                with pytest.raises(TimedOut, match="OCI runtime exec"):
                    await keeper.tasks.start(name, "e1")
        finally:
            os.kill(monitor, signal.SIGCONT)
        assert (await keeper.tasks.state(name, "e1")).status is Status.CREATED


async def test_one_that_is_stopped_holds_up_what_is_asked_of_it_in_bounds(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        keeper.patience = Patience(request=0.5, drain=0.5)
        tasks = keeper.tasks = keeper.new_tasks()
        name = await keeper.run(FOREVER, stdio=Stdio(terminal=True))
        exec_id = await keeper.exec(name, shell("exit 3"))
        await tasks.wait(name, exec_id)
        monitor = monitor_of(keeper, name)
        os.kill(monitor, signal.SIGSTOP)
        try:
            async with asyncio.timeout(15):
                with pytest.raises(TimedOut):
                    await tasks.resize(name, "", 80, 25)
                with pytest.raises(TimedOut):
                    await tasks.delete(name, exec_id)
        finally:
            os.kill(monitor, signal.SIGCONT)
        assert (await tasks.delete(name, exec_id)).exit_status == 3
