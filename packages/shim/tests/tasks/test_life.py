"""The life of a task on real runtimes: its states, its events, its exit."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeper, Keeping, output, shell

from tiffin.runtime.errors import (
    FailedPrecondition,
    NotFound,
    OperationFailed,
)
from tiffin.shim.events.values import TaskCreate, TaskDelete, TaskExit, TaskIO, TaskStart
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.values import ProcessState

pytestmark = pytest.mark.requires("root", "runc")


async def test_a_task_lives_and_tells_it(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        log = tmp_path / "log"
        request = keeper.request(shell("echo out; echo err >&2; exit 7"), stdio=Stdio("", f"file://{log}"))
        tasks, name = keeper.tasks, request.id
        before = time.time_ns()

        pid = await tasks.create(request)
        assert (await tasks.state(name)).replace(stdio=Stdio()) == _state(keeper, name, pid, Status.CREATED)
        assert [one.pid for one in await tasks.pids(name)] == [pid]
        assert (await tasks.connect(name)).task_pid == pid
        assert await tasks.start(name) == pid
        ended = await tasks.wait(name)
        assert (ended.status, ended.signal) == (7, 0)
        assert before < ended.at < time.time_ns()
        state = await tasks.state(name)
        assert (state.status, state.exit_status, state.exited_at) == (Status.STOPPED, 7, ended.at)
        was = await tasks.delete(name)
        assert (was.pid, was.exit_status, was.exited_at) == (pid, 7, ended.at)

        assert log.read_text() in ("out\nerr\n", "err\nout\n")
        bundle, text = str(keeper.bundles[name].path), f"file://{log}"
        assert keeper.events == [
            TaskCreate(name, bundle, (), TaskIO("", text, "", terminal=False), "", pid),
            TaskStart(name, pid),
            TaskExit(name, name, pid, 7, ended.at),
            TaskDelete(name, pid, 7, ended.at),
        ]
        with pytest.raises(NotFound):
            await tasks.wait(name)


def _state(keeper: Keeper, name: str, pid: int, status: Status) -> ProcessState:
    return ProcessState(name, str(keeper.bundles[name].path), pid, status, Stdio())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGUSR1])
async def test_a_signal_is_128_and_its_number(keeper_of: Keeping, number: int) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(
            shell("trap 'exit 3' USR2; kill -USR2 $$; sleep 1000"), {"process": _as_init()}
        )
        assert (await keeper.tasks.wait(name)).status == 3
        name = await keeper.run(FOREVER, {"linux": {"namespaces": _without_pids()}})
        await keeper.tasks.kill(name, "", number)
        ended = await keeper.tasks.wait(name)
        assert (ended.status, ended.signal) == (128 + number, number)


def _as_init() -> dict[str, list[str]]:
    return {"args": shell("trap 'exit 3' USR2; kill -USR2 $$; sleep 1000")}


def _without_pids() -> list[dict[str, str]]:
    return [{"type": name} for name in ("network", "ipc", "uts", "mount")]


async def test_a_created_task_may_be_deleted(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.create(FOREVER)
        was = await keeper.tasks.delete(name)
        assert was.exit_status == 128 + signal.SIGKILL
        assert keeper.told() == ["create", "exit", "delete"]


async def test_a_created_task_may_be_killed(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.create(FOREVER)
        await keeper.tasks.kill(name, "", signal.SIGKILL)
        assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL
        with pytest.raises(FailedPrecondition, match="stopped"):
            await keeper.tasks.start(name)
        await keeper.tasks.delete(name)
        assert keeper.told() == ["create", "exit", "delete"]


async def test_pause_and_resume(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        exec_id = await keeper.exec(name, FOREVER)
        await keeper.tasks.pause(name)
        for process in ("", exec_id):
            assert (await keeper.tasks.state(name, process)).status is Status.PAUSED
        await keeper.tasks.resume(name)
        for process in ("", exec_id):
            assert (await keeper.tasks.state(name, process)).status is Status.RUNNING
        assert keeper.told()[-2:] == ["paused", "resumed"]


@pytest.mark.parametrize("everything", [False, True])
async def test_a_paused_task_may_be_killed(keeper_of: Keeping, *, everything: bool) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        await keeper.tasks.pause(name)
        await keeper.tasks.kill(name, "", signal.SIGKILL, everything=everything)
        assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL
        await keeper.tasks.delete(name)
        assert keeper.told() == ["create", "start", "paused", "exit", "delete"]


async def test_limits_are_changed(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        await keeper.tasks.update(name, b'{"pids":{"limit":77}}')
        inside = Path("/sys/fs/cgroup/pids" + keeper.bundles[name].config["linux"]["cgroupsPath"])
        assert (inside / "pids.max").read_text() == "77\n"
        with pytest.raises(OperationFailed):
            await keeper.tasks.update(name, b'{"memory":{"limit":"a"}}')


async def test_all_processes_are_killed(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        with output(tmp_path) as out:
            script = "trap '' TERM; sleep 1000 & sleep 1000 & echo ready; wait; wait; wait"
            name = await keeper.run(shell(script), stdio=Stdio("", str(out.path)))
            await out.until("ready")
            assert len(await keeper.tasks.pids(name)) == 3
            await keeper.tasks.kill(name, "", signal.SIGKILL, everything=True)
            assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL
            assert await keeper.empty(name)


async def test_without_a_pid_namespace_the_others_end_with_the_first(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        with output(tmp_path) as out:
            name = await keeper.run(
                shell("sleep 1000 & sleep 1000 & echo ready; read x </proc/self/fd/0; exec sleep 1000"),
                {"linux": {"namespaces": _without_pids()}},
                stdio=Stdio("", str(out.path)),
            )
            exec_id = await keeper.exec(name, FOREVER)
            await out.until("ready")
            await keeper.tasks.kill(name, "", signal.SIGKILL)
            assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL
            assert (await keeper.tasks.state(name, exec_id)).status is Status.STOPPED
            assert await keeper.empty(name)
            exits = [event.id for event in keeper.events if isinstance(event, TaskExit)]
            assert exits == [exec_id, name]


async def test_twenty_tasks_at_once(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:

        async def whole(number: int) -> None:
            name = await keeper.run(shell(f"exit {number}"))
            assert (await keeper.tasks.wait(name)).status == number
            await keeper.tasks.delete(name)
            assert keeper.told(name) == ["create", "start", "exit", "delete"]

        await asyncio.gather(*(whole(number) for number in range(20)))
