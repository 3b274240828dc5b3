"""Checkpoints and restored tasks. CRIU does not work on every host: a script plays it here, with runc below.

(Those of the real one are in the vm tier, where the kernel lets it.)
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeper, Keeping, keeping, shell

from tiffin.runtime.errors import AlreadyExists, FailedPrecondition, OperationFailed
from tiffin.shim.events.values import TaskCreate
from tiffin.shim.runtimes.options import CheckpointOptions
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.states import Status
from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import runtime_command

pytestmark = pytest.mark.requires("root", "runc")

# $1-$6 are --root R --log L --log-format json
SCRIPT = """#!/bin/sh
verb=$7 words=$*
for word; do
    case $last in --bundle) bundle=$word;; --pid-file) file=$word;; --work-path) work=$word;; esac
    last=$word
done
case $verb in
checkpoint) echo "$words" >>{words}; [ -e {well} ] || {{ mkdir -p $work; echo why >$work/dump.log; exit 1; }};;
restore)
    echo "$words" >>{words}
    [ -e {well} ] || exit 1
    {runc} --root $2 create --bundle $bundle --pid-file $file $last && {runc} --root $2 start $last;;
*) exec {runc} "$@";;
esac
"""


class Criu:
    """What the script was asked for, and whether it succeeds."""

    def __init__(self, folder: Path) -> None:
        self.well = folder / "well"
        self.well.touch()
        self.file = folder / "words"

    def words(self) -> list[str]:
        """The last call, from its verb on."""
        return self.file.read_text().splitlines()[-1].split()[6:]


@pytest.fixture
def criu(tmp_path: Path) -> Criu:
    return Criu(tmp_path)


@pytest.fixture
def keeper_of(
    tmp_path: Path, bundle_factory: Callable[..., Bundle], nothing_left: None, criu: Criu
) -> Keeping:
    path = tmp_path / "runc"
    path.write_text(SCRIPT.format(words=criu.file, well=criu.well, runc=runtime_command("runc")[-1]))
    path.chmod(0o755)
    return lambda: keeping(Keeper(tmp_path, str(path), bundle_factory))


async def test_a_running_task_is_written_to_disk(keeper_of: Keeping, criu: Criu, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        await keeper.tasks.checkpoint(name, CheckpointOptions("/image", open_tcp=True))
        work = f"{keeper.bundles[name].path}/tiffin/criu"
        assert criu.words() == [
            *(
                "checkpoint",
                "--image-path",
                "/image",
                "--work-path",
                work,
                "--leave-running",
                "--tcp-established",
            ),
            name,
        ]
        assert keeper.told() == ["create", "start", "checkpointed"]
        assert (await keeper.tasks.state(name)).status is Status.RUNNING


async def test_the_log_of_a_failure_is_in_the_bundle(keeper_of: Keeping, criu: Criu) -> None:
    async with keeper_of() as keeper:
        name = await keeper.run(FOREVER)
        criu.well.unlink()
        with pytest.raises(OperationFailed):
            await keeper.tasks.checkpoint(name, CheckpointOptions("/image"))
        bundle = keeper.bundles[name].path
        assert (bundle / "criu-dump.log").read_text() == "why\n"
        assert not (bundle / "tiffin/criu").exists()
        assert keeper.told() == ["create", "start"]


async def test_what_does_not_run_is_not_written(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        created, stopped = await keeper.create(FOREVER), await keeper.run(["true"])
        await keeper.tasks.wait(stopped)
        for name in (created, stopped):
            with pytest.raises(FailedPrecondition, match="cannot checkpoint"):
                await keeper.tasks.checkpoint(name, CheckpointOptions("/image"))


async def test_a_task_is_restored_by_its_start(keeper_of: Keeping, criu: Criu) -> None:
    async with keeper_of() as keeper:
        tasks = keeper.tasks
        name = await keeper.create(shell("exit 6"), checkpoint="/image", parent_checkpoint="../parent")
        state = await tasks.state(name)
        assert (state.status, state.pid) == (Status.CREATED, 0)
        assert await tasks.pids(name) == []
        with pytest.raises(FailedPrecondition, match="process not created"):
            await tasks.kill(name, "", signal.SIGTERM)
        created = keeper.events[0]
        assert isinstance(created, TaskCreate)
        assert (created.checkpoint, created.pid) == ("/image", 0)

        pid = await tasks.start(name)
        assert pid > 0
        assert criu.words()[:3] == ["restore", "--detach", "--bundle"]
        assert "/image" in criu.words()
        assert "../parent" in criu.words()
        assert (await tasks.wait(name)).status == 6
        assert (await tasks.delete(name)).pid == pid
        assert keeper.told() == ["create", "start", "exit", "delete"]


async def test_a_stdin_that_has_ended_before_the_start_has_ended(
    keeper_of: Keeping, criu: Criu, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        stdin = tmp_path / "stdin"
        os.mkfifo(stdin)
        name = await keeper.create(["cat"], checkpoint="/image", stdio=Stdio(str(stdin)))
        await keeper.tasks.close_io(name)
        await keeper.tasks.start(name)
        async with asyncio.timeout(20):
            assert (await keeper.tasks.wait(name)).status == 0


async def test_one_that_cannot_be_restored_may_be_deleted(keeper_of: Keeping, criu: Criu) -> None:
    async with keeper_of() as keeper:
        criu.well.unlink()
        name = await keeper.create(FOREVER, checkpoint="/image")
        with pytest.raises(OperationFailed):
            await keeper.tasks.start(name)
        assert (await keeper.tasks.state(name)).status is Status.CREATED
        assert (await keeper.tasks.delete(name)).pid == 0
        assert keeper.told() == ["create", "delete"]


async def test_one_whose_id_another_has_by_now_leaves_that_alone(keeper_of: Keeping, criu: Criu) -> None:
    async with keeper_of() as keeper:
        name = await keeper.create(shell("exit 6"), checkpoint="/image")
        others, another = keeper.new_tasks(), keeper.request(FOREVER).replace(id=name)
        pid = await others.create(another)
        await others.start(name)
        with pytest.raises(AlreadyExists):
            await keeper.tasks.start(name)
        os.kill(pid, 0)
        assert (await others.state(name)).status is Status.RUNNING
        await others.kill(name)
        assert (await others.wait(name)).status == 128 + signal.SIGKILL
        await others.delete(name)
        await others.close()
        await keeper.tasks.start(name)
        assert (await keeper.tasks.wait(name)).status == 6


async def test_one_that_is_not_restored_yet_is_taken_back(keeper_of: Keeping, criu: Criu) -> None:
    async with keeper_of() as keeper:
        name = await keeper.create(shell("exit 6"), checkpoint="/image")
        bundle = keeper.bundles[name].path
        await keeper.tasks.close()
        for status in ("created", "starting"):
            file = bundle / "tiffin/init@state"
            file.write_text(json.dumps(json.loads(file.read_text()) | {"status": status}))
            keeper.tasks = keeper.new_tasks()
            assert await keeper.tasks.recover(str(bundle)) == name
            state = await keeper.tasks.state(name)
            assert (state.status, state.pid) == (Status.CREATED, 0)
            await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        await keeper.tasks.recover(str(bundle))
        await keeper.tasks.start(name)
        assert (await keeper.tasks.wait(name)).status == 6
