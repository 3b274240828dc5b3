"""Further processes of a task: their lives, their time limits, their streams, two hundred at a time."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import time
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, NOTHING, SECONDS, Keeping, output, process_of, shell

from tiffin.runtime.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OperationFailed,
    Unavailable,
)
from tiffin.shim.events.values import TaskExit
from tiffin.shim.monitor.client import Monitor
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.values import Patience

pytestmark = pytest.mark.requires("root", "runc")


async def test_an_exec_lives_and_tells_it(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        log = tmp_path / "log"
        await tasks.execute(name, "e1", process_of(shell("echo out; exit 9")), Stdio("", f"file://{log}"))
        state = await tasks.state(name, "e1")
        assert (state.id, state.status, state.pid) == ("e1", Status.CREATED, 0)
        pid = await tasks.start(name, "e1")
        assert (await tasks.wait(name, "e1")).status == 9
        assert (await tasks.state(name, "e1")).status is Status.STOPPED
        was = await tasks.delete(name, "e1")
        assert (was.pid, was.exit_status) == (pid, 9)
        assert log.read_text() == "out\n"
        assert tasks.execs(name) == ()
        assert keeper.told() == ["create", "start", "exec-added", "exec-started", "exit"]
        ended = keeper.events[-1]
        assert isinstance(ended, TaskExit)
        assert (ended.container_id, ended.id, ended.pid, ended.exit_status) == (name, "e1", pid, 9)
        assert (await tasks.state(name)).status is Status.RUNNING


async def test_the_processes_of_a_task_are_told_with_their_execs(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        exec_id = await keeper.exec(name, FOREVER)
        found = {one.exec_id: one.pid for one in await keeper.tasks.pids(name)}
        pids = {one: (await keeper.tasks.state(name, one)).pid for one in ("", exec_id)}
        assert found == pids


async def test_an_id_is_used_once_and_is_an_identifier(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        await keeper.tasks.execute(name, "init", process_of(["true"]), NOTHING)
        with pytest.raises(AlreadyExists):
            await keeper.tasks.execute(name, "init", process_of(["true"]), NOTHING)
        for bad in ("", "../x", "a/b", ".", "-a", "a" * 77, "a\n", "ä"):
            with pytest.raises(InvalidArgument):
                await keeper.tasks.execute(name, bad, process_of(["true"]), NOTHING)
        await keeper.tasks.execute(name, "a" * 76, process_of(["true"]), NOTHING)
        await keeper.tasks.start(name, "a" * 76)
        assert (await keeper.tasks.wait(name, "a" * 76)).status == 0
        await keeper.tasks.delete(name, "init")
        await keeper.tasks.execute(name, "init", process_of(["true"]), NOTHING)


async def test_ids_that_look_like_files_of_ours_disturb_nobody(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        ids = ["e", "e.state", "e.state.new", "e.log", "e.pid", "e.json", "e-state"]
        for exec_id in ids:
            await tasks.execute(name, exec_id, process_of(FOREVER), NOTHING)
        pids = await asyncio.gather(*(tasks.start(name, exec_id) for exec_id in ids))
        await tasks.close()
        tasks = keeper.tasks = keeper.new_tasks()
        assert await tasks.recover(str(keeper.bundles[name].path)) == name
        assert [(await tasks.state(name, exec_id)).pid for exec_id in ids] == pids
        await tasks.kill(name)
        await tasks.wait(name)
        for exec_id in ids:
            await tasks.delete(name, exec_id)


@pytest.mark.parametrize("bad", [b"[", b"[]", b"\xff"])
async def test_what_is_no_process_is_refused(keeper_of: Keeping, bad: bytes) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        with pytest.raises(InvalidArgument, match="the process of an exec"):
            await keeper.tasks.execute(name, "e1", bad, NOTHING)
        with pytest.raises(InvalidArgument, match="ftp"):
            await keeper.tasks.execute(name, "e1", process_of(["true"]), Stdio("", "ftp:///x"))
        assert keeper.tasks.execs(name) == ()


async def test_an_exec_that_cannot_start_may_be_deleted_and_nobody_waits_for_it(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        await tasks.execute(name, "e1", process_of(["no-such-program"]), NOTHING)
        waiting = asyncio.ensure_future(tasks.wait(name, "e1"))
        with pytest.raises(OperationFailed, match='exec: "no-such-program": executable file not found'):
            await tasks.start(name, "e1")
        with pytest.raises(FailedPrecondition, match="its start has failed"):
            await waiting
        assert (await tasks.state(name, "e1")).status is Status.CREATED
        with pytest.raises(OperationFailed):
            await tasks.start(name, "e1")
        assert (await tasks.delete(name, "e1")).pid == 0
        assert keeper.told() == ["create", "start", "exec-added"]


async def test_verbs_that_an_exec_does_not_allow(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        await tasks.execute(name, "e1", process_of(FOREVER), NOTHING)
        with pytest.raises(FailedPrecondition):
            await tasks.kill(name, "e1", signal.SIGTERM)
        await tasks.start(name, "e1")
        for call in (tasks.start(name, "e1"), tasks.delete(name, "e1")):
            with pytest.raises(FailedPrecondition, match="running"):
                await call
        await tasks.kill(name, "e1", signal.SIGTERM)
        assert (await tasks.wait(name, "e1")).status == 128 + signal.SIGTERM
        with pytest.raises(NotFound, match="process already finished"):
            await tasks.kill(name, "e1", signal.SIGTERM)
        with pytest.raises(FailedPrecondition, match="stopped"):
            await tasks.start(name, "e1")


async def test_nothing_is_started_in_what_is_paused_or_has_ended(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        await tasks.execute(name, "e1", process_of(["true"]), NOTHING)
        await tasks.pause(name)
        with pytest.raises(FailedPrecondition, match="paused"):
            await tasks.start(name, "e1")
        await tasks.resume(name)
        await tasks.kill(name)
        await tasks.wait(name)
        with pytest.raises(FailedPrecondition, match="not running"):
            await tasks.start(name, "e1")
        await tasks.delete(name)
        assert keeper.told()[-2:] == ["exit", "delete"]


async def test_one_that_exceeds_its_time_is_killed_with_its_children_and_nothing_is_left(
    keeper_of: Keeping,
) -> None:
    """As ExecSync does it: wait with a limit, kill, delete; what the command has started goes with it."""
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        exec_id = await keeper.exec(
            name, shell("trap '' TERM; sleep 1000 & (sleep 1000; :) & wait; sleep 1000")
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(tasks.wait(name, exec_id), 0.2)
        while len(await tasks.pids(name)) < 5:  # noqa: ASYNC110  # its children begin when they can
            await asyncio.sleep(0.01)
        first = (await tasks.state(name)).pid
        others = [os.pidfd_open(one.pid) for one in await tasks.pids(name) if one.pid != first]
        assert len(others) == 4
        await tasks.kill(name, exec_id, signal.SIGKILL, everything=True)
        assert (await tasks.wait(name, exec_id)).status == 128 + signal.SIGKILL
        await tasks.delete(name, exec_id)
        for other in others:
            assert select.select([other], [], [], SECONDS)[0]
            os.close(other)
        assert [one.pid for one in await tasks.pids(name)] == [first]


async def test_children_that_keep_its_output_open_hold_nobody_up(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        keeper.patience = Patience(drain=0.3)
        keeper.tasks = keeper.new_tasks()
        name = await keeper.run(FOREVER)
        with output(tmp_path) as out:
            exec_id = await keeper.exec(name, shell("sleep 1000 & echo out"), Stdio("", str(out.path)))
            assert (await keeper.tasks.wait(name, exec_id)).status == 0
            assert await out.until("out\n") == "out\n"
            before = time.monotonic()
            await keeper.tasks.delete(name, exec_id)
            assert 0.25 < time.monotonic() - before < 5
            assert await out.to_the_end() == "out\n"  # the monitor has let go of it


async def test_output_that_is_taken_late_is_whole(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        with output(tmp_path) as out:
            exec_id = await keeper.exec(name, shell("seq 1 20000"), Stdio("", str(out.path)))
            reading = asyncio.ensure_future(out.to_the_end())
            await keeper.tasks.wait(name, exec_id)
            await keeper.tasks.delete(name, exec_id)
            assert await reading == "".join(f"{number}\n" for number in range(1, 20001))


async def test_stdin_is_read_until_it_is_closed(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        stdin, log = tmp_path / "stdin", tmp_path / "log"
        os.mkfifo(stdin)
        name = await keeper.run(FOREVER)
        exec_id = await keeper.exec(name, ["cat"], Stdio(str(stdin), f"file://{log}"))
        for text in (b"one\n", b"two\n"):  # a client goes, and another comes
            client = os.open(stdin, os.O_WRONLY)
            os.write(client, text)
            os.close(client)
        await keeper.tasks.close_io(name, exec_id)
        await keeper.tasks.close_io(name, exec_id)
        assert (await keeper.tasks.wait(name, exec_id)).status == 0
        await keeper.tasks.delete(name, exec_id)
        assert log.read_text() == "one\ntwo\n"


async def test_a_stdin_that_has_ended_before_the_start_has_ended_for_a_successor_too(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        stdin = tmp_path / "stdin"
        os.mkfifo(stdin)
        name = await keeper.run(FOREVER)
        await keeper.tasks.execute(name, "e1", process_of(["cat"]), Stdio(str(stdin)))
        await keeper.tasks.close_io(name, "e1")
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        await keeper.tasks.recover(str(keeper.bundles[name].path))
        await keeper.tasks.start(name, "e1")
        async with asyncio.timeout(SECONDS):
            assert (await keeper.tasks.wait(name, "e1")).status == 0


async def test_one_that_runs_is_running_though_its_stdin_cannot_be_ended(
    keeper_of: Keeping, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise Unavailable("the connection is cut")

    async with keeper_of() as keeper:
        stdin = tmp_path / "stdin"
        os.mkfifo(stdin)
        name = await keeper.run(FOREVER)
        await keeper.tasks.execute(name, "e1", process_of(["cat"]), Stdio(str(stdin)))
        await keeper.tasks.close_io(name, "e1")
        monkeypatch.setattr(Monitor, "close_stdin", fail)
        assert await keeper.tasks.start(name, "e1")
        assert (await keeper.tasks.state(name, "e1")).status is Status.RUNNING
        await keeper.tasks.kill(name, "e1")
        await keeper.tasks.wait(name, "e1")
        assert keeper.told() == ["create", "start", "exec-added", "exec-started", "exit"]


async def test_terminals_have_a_size(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        with output(tmp_path) as first, output(tmp_path) as further:
            script = "trap 'stty size' WINCH; echo ready; while :; do sleep 0.01; done"
            name = await keeper.run(shell(script), stdio=Stdio("", str(first.path), terminal=True))
            exec_id = await keeper.exec(name, shell(script), Stdio("", str(further.path), terminal=True))
            for out, process, size in ((first, "", (120, 40)), (further, exec_id, (99, 33))):
                await out.until("ready\r\n")
                await keeper.tasks.resize(name, process, *size)
                await out.until(f"{size[1]} {size[0]}\r\n")
            plain = await keeper.exec(name, FOREVER)
            await keeper.tasks.resize(name, plain, 80, 24)


async def test_two_hundred_at_a_time(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)

        async def whole(number: int) -> None:
            stdio = Stdio("", f"file://{tmp_path}/log-{number}")
            exec_id = await keeper.exec(name, shell(f"echo {number}; exit {number}"), stdio)
            assert (await tasks.wait(name, exec_id)).status == number
            await tasks.delete(name, exec_id)

        await asyncio.gather(*(whole(number) for number in range(200)))
        assert [(tmp_path / f"log-{number}").read_text() for number in range(200)] == [
            f"{n}\n" for n in range(200)
        ]
        assert tasks.execs(name) == ()
        told = keeper.told()
        assert {kind: told.count(kind) for kind in told} == {
            "create": 1,
            "start": 1,
            "exec-added": 200,
            "exec-started": 200,
            "exit": 200,
        }
        assert sorted(path.name for path in (keeper.bundles[name].path / "tiffin").glob("x-*")) == []
