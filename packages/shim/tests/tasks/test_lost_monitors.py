"""Monitors that are killed themselves: their containers cannot go on, and are told to have ended."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import resource
import select
import signal
import socket
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeper, Keeping, process_of, shell
from packages.shim.tests.tasks.trouble import Trouble

from tiffin.runtime.errors import AlreadyExists, NotFound, OperationFailed, TimedOut, Unavailable
from tiffin.runtime.launch.process_end import open_end
from tiffin.runtime.state.identity import is_alive, process_stat
from tiffin.shim.monitor import client, starting
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks import loss, orphans, recovery
from tiffin.shim.tasks.container import Container
from tiffin.shim.tasks.records import TaskRecord
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.surroundings import Surroundings
from tiffin.shim.tasks.values import Patience

pytestmark = pytest.mark.requires("root", "runc")

WITHOUT_PIDS = {"linux": {"namespaces": [{"type": name} for name in ("network", "ipc", "uts", "mount")]}}


def monitor_of(keeper: Keeper, name: str) -> int:
    container = keeper.tasks._containers[name]
    assert container.monitor is not None
    return container.monitor.pid


def living_monitor_of(bundle: str) -> int:
    """Also of a task that is not there yet."""
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/cmdline") as stream:
            if stream.read().startswith(f"tiffin-monitor\0{bundle}/tiffin\0"):
                return int(name)
    raise AssertionError("there is none")


def kill(pid: int) -> None:
    end = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    assert select.select([end], [], [], 20)[0]
    os.close(end)


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


def cut(keeper: Keeper, name: str) -> None:
    """Ends the connection to a monitor, which lives on."""
    container = keeper.tasks._containers[name]
    assert container.monitor is not None
    container.monitor._connection._socket.shutdown(socket.SHUT_RDWR)


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


def without_descriptors(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """So often no connection can be made, since this program has too much open."""
    connect, left = starting.connect_to, iter(range(times))

    def fail(directory: str) -> socket.socket:
        if next(left, None) is None:
            return connect(directory)
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", too_many)
            return connect(directory)

    monkeypatch.setattr(client, "connect_to", fail)


def too_many(*_: object) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


async def test_without_descriptors_a_monitor_is_not_taken_for_dead(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        without_descriptors(monkeypatch, 1)
        bundle = str(keeper.bundles[name].path)
        with pytest.raises(OperationFailed, match="Too many open files"):
            await keeper.tasks.recover(bundle)
        assert await keeper.tasks.recover(bundle) == name
        assert (await keeper.tasks.state(name)).status is Status.RUNNING


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


async def test_a_monitor_without_descriptors_is_not_taken_for_dead(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        monitor, bundle = monitor_of(keeper, name), str(keeper.bundles[name].path)
        taken = keeper.new_tasks()  # the first one does not know of it, as if it were dead
        used = set(map(int, os.listdir(f"/proc/{monitor}/fd")))
        free = next(number for number in itertools.count() if number not in used)
        resource.prlimit(monitor, resource.RLIMIT_NOFILE, (free, 4096))
        with pytest.raises(OperationFailed) as failed:
            await taken.recover(bundle)
        assert failed.value.errno == errno.EMFILE
        resource.prlimit(monitor, resource.RLIMIT_NOFILE, (4096, 4096))
        await keeper.tasks.close()
        keeper.tasks = taken
        assert await taken.recover(bundle) == name
        assert (await taken.state(name)).status is Status.RUNNING


async def test_without_descriptors_a_connection_is_taken_up_later(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "BETWEEN_TRIES", 0.01)
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        without_descriptors(monkeypatch, 3)
        cut(keeper, name)
        exec_id = ""
        while not exec_id:  # until the connection is there
            with contextlib.suppress(Unavailable):
                exec_id = await keeper.exec(name, shell("exit 3"))
            await asyncio.sleep(0.01)
        assert (await tasks.wait(name, exec_id)).status == 3
        assert (await tasks.state(name)).status is Status.RUNNING


async def test_without_descriptors_what_a_monitor_leaves_is_ended_later(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "BETWEEN_TRIES", 0.01)
    tries = iter((1, 2))

    def opened(pid: int) -> int:
        if next(tries, 0):
            too_many()
        return open_end(pid)

    monkeypatch.setattr(orphans, "open_end", opened)
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        kill(monitor_of(keeper, name))
        async with asyncio.timeout(20):
            assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL


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


async def test_what_needs_the_monitor_is_unavailable(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        keeper.tasks._containers[name].monitor, kept = None, keeper.tasks._containers[name].monitor
        with pytest.raises(Unavailable, match="monitor"):
            await keeper.tasks.kill(name, "", signal.SIGTERM)
        with pytest.raises(Unavailable, match="monitor"):
            await keeper.exec(name, FOREVER)
        keeper.tasks._containers[name].monitor = kept
