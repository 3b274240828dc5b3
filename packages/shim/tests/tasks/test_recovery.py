"""Keepers of tasks are killed with -9, and another one takes the tasks back: true states, every exit, nothing left."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import (
    FOREVER,
    NAMESPACE,
    Keeper,
    Keeping,
    Output,
    output,
    process_of,
    shell,
)
from packages.shim.tests.tasks.stepping import run_and_kill, said
from packages.shim.tests.tasks.test_rootfs import on_overlay

from tiffin.runtime.errors import AlreadyExists, OperationFailed
from tiffin.shim.events.values import Event
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.container import directory_of
from tiffin.shim.tasks.records import FOLDER, TaskRecord, write_task
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.tasks import Tasks
from tiffin.shim.tasks.values import CreateTask
from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import runtime_command

pytestmark = [pytest.mark.requires("root", "runc"), pytest.mark.timeout(600)]

UNTIL_TERM = shell("trap 'echo ended; exit 7' TERM; echo begun; sleep 1000 & wait")
ORDER = ("create", "start", "paused", "resumed", "exit", "delete")
EXEC_ORDER = ("exec-added", "exec-started", "exec-exit")


async def whole_life(keeper: Keeper, request: CreateTask, out: Output, emit: Callable[[Event], None]) -> None:
    """What the killed keeper does."""
    tasks, name = Tasks(emit, keeper.runtime_for, namespace="n1"), request.id
    await tasks.create(request)
    await tasks.start(name)
    await tasks.pause(name)
    await tasks.resume(name)
    await tasks.execute(name, "e1", process_of(shell("exit 5")), Stdio())
    await tasks.start(name, "e1")
    assert (await tasks.wait(name, "e1")).status == 5
    await tasks.delete(name, "e1")
    await out.begun()
    await tasks.kill(name, "", signal.SIGTERM)
    await tasks.wait(name)
    await tasks.delete(name)
    await tasks.close()


async def taken_back(keeper: Keeper, request: CreateTask, out: Output) -> bool:
    """Another keeper: knows what is true, and brings the life to its end. False: there was no task any more."""
    tasks, name = keeper.tasks, request.id
    if await tasks.recover(request.bundle) is None:
        assert not keeper.folders()
        return False
    state = await tasks.state(name)
    if state.status is not Status.STOPPED:
        known = await keeper.runtime_for(request.options).state(name)
        if known.status == "stopped":  # it was signalled just before
            await tasks.wait(name)
            state = await tasks.state(name)
        else:
            assert (known.status, known.pid) == (state.status.value, state.pid)
    for exec_id in tasks.execs(name):
        await _finish_exec(tasks, name, exec_id)
    if state.status is Status.CREATED:
        await tasks.start(name)
    if state.status is Status.PAUSED:
        await tasks.resume(name)
    if state.status is not Status.STOPPED:
        await out.until("begun")
        await tasks.kill(name, "", signal.SIGTERM)
    ended = await tasks.wait(name)
    was = await tasks.delete(name)
    assert (was.exit_status, was.exited_at) == (ended.status, ended.at)
    assert ended.status == 7
    assert await out.to_the_end() == "begun\nended\n"
    return True


async def _finish_exec(tasks: Tasks, name: str, exec_id: str) -> None:
    state = await tasks.state(name, exec_id)
    if state.status is Status.CREATED:
        await tasks.start(name, exec_id)
    assert (await tasks.wait(name, exec_id)).status == 5
    await tasks.delete(name, exec_id)


def check_order(told: list[str], name: str, *, to_the_end: bool) -> None:
    """Each event came, in the required order; one at which a keeper was killed may have come twice, in a row."""
    of_exec = [
        "exec-exit" if line == "exit e1" else line
        for line in told
        if line == "exit e1" or line.startswith("exec")
    ]
    of_first = [line.split()[0] for line in told if line != "exit e1" and not line.startswith("exec")]
    once = [kind for number, kind in enumerate(of_first) if number == 0 or of_first[number - 1] != kind]
    assert once == sorted(once, key=ORDER.index), once
    assert len(set(once)) == len(once), once
    if to_the_end:
        assert {"create", "start", "exit", "delete"} <= set(once) or once == ["create", "exit", "delete"], (
            once
        )
    once = [kind for number, kind in enumerate(of_exec) if number == 0 or of_exec[number - 1] != kind]
    assert once == sorted(once, key=EXEC_ORDER.index), once


def told_by(keeper: Keeper) -> list[str]:
    return [said(event) for event in keeper.events]


@pytest.mark.parametrize(("binary", "first"), [("runc", 0), ("tiffin-runtime", 1)])
def test_killed_at_each_step(
    tmp_path: Path, bundle_factory: Callable[..., Bundle], nothing_left: None, binary: str, first: int
) -> None:
    """TIFFIN_EVERY_STEP: on both runtimes; else each step on one of them."""
    fatal, stride = (0, 1) if os.environ.get("TIFFIN_EVERY_STEP") else (first, 2)
    ended = False
    while not ended:
        keeper = Keeper(tmp_path, runtime_command(binary)[-1], bundle_factory)
        with output(tmp_path) as out:
            request = on_overlay(keeper, UNTIL_TERM).replace(stdio=Stdio("", str(out.path)))
            work = partial(whole_life, keeper, request, out)
            told, ended = run_and_kill(work, tmp_path, fatal)
            if not ended:
                there = asyncio.run(_finish(keeper, request, out))
                check_order(told + told_by(keeper), request.id, to_the_end=there)
        fatal += stride
    assert fatal > 100


async def _finish(keeper: Keeper, request: CreateTask, out: Output) -> bool:
    try:
        return await asyncio.wait_for(taken_back(keeper, request, out), 30)
    finally:
        await keeper.finish()


async def test_what_ended_meanwhile_is_known(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        with output(tmp_path) as first, output(tmp_path) as further:
            script = "trap 'exit %d' TERM; echo ready; while :; do sleep 0.01; done"
            name = await keeper.run(shell(script % 4), stdio=Stdio("", str(first.path)))
            exec_id = await keeper.exec(name, shell(script % 6), Stdio("", str(further.path)))
            await first.until("ready")
            await further.until("ready")
        pids = [(await keeper.tasks.state(name, process)).pid for process in (exec_id, "")]
        await keeper.tasks.close()
        for pid in pids:
            end = os.pidfd_open(pid)
            os.kill(pid, signal.SIGTERM)
            assert select.select([end], [], [], 20)[0]
            os.close(end)
        keeper.tasks = keeper.new_tasks()
        keeper.events.clear()
        assert await keeper.tasks.recover(str(keeper.bundles[name].path)) == name
        assert (await keeper.tasks.wait(name)).status == 4
        assert (await keeper.tasks.wait(name, exec_id)).status == 6
        assert [said(event) for event in keeper.events] == [f"exit {exec_id}", f"exit {name}"]


async def test_a_task_is_taken_back_once(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        bundle = str(keeper.bundles[name].path)
        with pytest.raises(AlreadyExists):
            await keeper.tasks.recover(bundle)
        assert (await keeper.tasks.state(name)).status is Status.RUNNING
        await keeper.tasks.kill(name)
        assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL


@pytest.mark.parametrize("by", ["recover", "clean_up"])
async def test_a_half_made_one_whose_id_another_has_leaves_that_alone(keeper_of: Keeping, by: str) -> None:
    """Killed before the runtime could say that it knows the id."""
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        request = keeper.request(FOREVER).replace(id=name)
        directory = directory_of(request.bundle)
        os.mkdir(directory)
        write_task(directory, TaskRecord(request, NAMESPACE, shared_pids=False))
        tasks = keeper.new_tasks()
        assert await getattr(tasks, by)(request.bundle) is None
        assert FOLDER not in os.listdir(request.bundle)
        await tasks.close()
        assert (await keeper.tasks.state(name)).status is Status.RUNNING
        assert (await keeper.runtime_for(request.options).state(name)).status == "running"
        await keeper.tasks.kill(name)
        assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL


async def test_a_bundle_without_a_task_is_none(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        assert await keeper.tasks.recover(str(tmp_path)) is None
        assert await keeper.tasks.recover(str(tmp_path / "none")) is None
        assert await keeper.tasks.clean_up(str(tmp_path)) is None


@pytest.mark.parametrize(
    "damage", ["", "[]", "{", '{"format": 99}', '{"format": 2}', '{"format": 2, "request": 3}']
)
async def test_records_that_cannot_be_read_are_an_error_and_stay(keeper_of: Keeping, damage: str) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        file = keeper.bundles[name].path / "tiffin" / "task.json"
        good = file.read_text()
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        file.write_text(damage)
        with pytest.raises(OperationFailed, match=r"task\.json"):
            await keeper.tasks.recover(str(keeper.bundles[name].path))
        file.write_text(good)
        assert await keeper.tasks.recover(str(keeper.bundles[name].path)) == name


async def test_output_goes_on_without_a_keeper(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        with output(tmp_path) as out:
            name = await keeper.run(shell("seq 1 50000"), stdio=Stdio("", str(out.path)))
            await keeper.tasks.close()
            await out.until("\n30000\n")
            keeper.tasks = keeper.new_tasks()
            await keeper.tasks.recover(str(keeper.bundles[name].path))
            reading = asyncio.ensure_future(out.to_the_end())
            assert (await keeper.tasks.wait(name)).status == 0
            await keeper.tasks.delete(name)
            assert await reading == "".join(f"{number}\n" for number in range(1, 50001))


async def test_many_tasks_are_taken_back_at_once(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        names = [await keeper.create(FOREVER) for _ in range(20)]
        for name in names[:10]:
            await keeper.tasks.start(name)
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        begin = time.monotonic()
        back = await asyncio.gather(*(keeper.tasks.recover(str(keeper.bundles[name].path)) for name in names))
        assert time.monotonic() - begin < 5
        assert back == names
        states = [(await keeper.tasks.state(name)).status for name in names]
        assert states == [Status.RUNNING] * 10 + [Status.CREATED] * 10
