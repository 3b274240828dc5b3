"""Tasks on crun: its command line differs in what it can, and what it says, not in what becomes of a container."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeper, Keeping, keeping, process_of, shell

from tiffin.runtime.errors import OperationFailed
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.states import Status
from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import runtime_command

pytestmark = pytest.mark.requires("root", "crun")


@pytest.fixture
def keeper_of(tmp_path: Path, bundle_factory: Callable[..., Bundle], nothing_left: None) -> Keeping:
    """A script stands for crun where it needs other surroundings (it refuses a hybrid cgroup layout)."""
    path = tmp_path / "crun"
    path.write_text(f'#!/bin/sh\nexec {shlex.join(runtime_command("crun"))} "$@"\n')
    path.chmod(0o755)
    return lambda: keeping(Keeper(tmp_path, str(path), bundle_factory))


async def test_a_whole_life(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        log = tmp_path / "log"
        name = await keeper.run(shell("echo out; exit 7"), stdio=Stdio("", f"file://{log}"))
        assert (await keeper.tasks.wait(name)).status == 7
        assert (await keeper.tasks.delete(name)).exit_status == 7
        assert log.read_text() == "out\n"
        assert keeper.told() == ["create", "start", "exit", "delete"]


async def test_execs_pause_and_kill(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        tasks, name = keeper.tasks, await keeper.run(FOREVER)
        exec_id = await keeper.exec(name, shell("exit 5"))
        assert (await tasks.wait(name, exec_id)).status == 5
        await tasks.delete(name, exec_id)
        await tasks.pause(name)
        assert (await tasks.state(name)).status is Status.PAUSED
        await tasks.resume(name)
        await tasks.update(name, b'{"pids":{"limit":50}}')
        await tasks.kill(name, "", signal.SIGKILL, everything=True)
        assert (await tasks.wait(name)).status == 128 + signal.SIGKILL
        await tasks.delete(name)


async def test_a_created_task_may_be_deleted(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.create(FOREVER)
        assert (await keeper.tasks.delete(name)).exit_status == 128 + signal.SIGKILL


async def test_a_task_is_taken_back(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        assert await keeper.tasks.recover(str(keeper.bundles[name].path)) == name
        assert (await keeper.tasks.state(name)).status is Status.RUNNING


async def test_its_reasons_are_told(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        with pytest.raises(OperationFailed, match="no-such-program"):
            await keeper.create(["no-such-program"])
        name = await keeper.run(FOREVER)
        await keeper.tasks.execute(name, "e1", process_of(["no-such-program"]), Stdio())
        with pytest.raises(OperationFailed, match="no-such-program"):
            await keeper.tasks.start(name, "e1")
