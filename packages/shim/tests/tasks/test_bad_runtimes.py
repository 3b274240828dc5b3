"""Runtimes that hang, crash, or say nonsense: one container has the trouble, and nobody else; nothing is left."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, NOTHING, Keeper, Keeping, Output, process_of, shell

from tiffin.runtime.errors import FailedPrecondition, OperationFailed, RuntimeFailure, TimedOut
from tiffin.shim.runtimes.limits import TimeLimits
from tiffin.shim.tasks.states import Status

pytestmark = pytest.mark.requires("root", "runc")

SOON = 0.5
HANG = "sleep 1000"


class Trouble:
    """A script before the keeper's runtime, which has a trouble with one verb.

    done: it does the verb first. begun: readable once it has come to the trouble. over: from then on it has none.
    """

    def __init__(self, keeper: Keeper, folder: Path, verb: str, trouble: str, *, done: bool = False) -> None:
        self._folder = folder / "troubled"
        self._folder.mkdir()
        self.begun = Output(self._folder)
        keeper.outputs.append(self.begun)
        self._switch = self._folder / "switch"
        self._switch.touch()
        first = f'{keeper.binary} "$@" || exit; ' if done else ""
        path = self._folder / Path(keeper.binary).name
        path.write_text(
            "#!/bin/sh\n"
            f'case " $* " in *" {verb} "*) '
            f"[ ! -e {self._switch} ] || {{ {first}echo begun >{self.begun.path}; {trouble}; exit 1; }};; esac\n"
            f'exec {keeper.binary} "$@"\n'
        )
        path.chmod(0o755)
        keeper.binary = str(path)

    def over(self) -> None:
        self._switch.unlink()


def hanging(keeper: Keeper, folder: Path, verb: str, *, done: bool = False) -> Trouble:
    keeper.limits = TimeLimits().replace(**{verb: SOON})
    return Trouble(keeper, folder, verb, HANG, done=done)


async def test_create_that_hangs_is_undone(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        hanging(keeper, tmp_path, "create")
        request = keeper.request(FOREVER)
        with pytest.raises(
            TimedOut, match=f"OCI runtime create of {request.id} hangs: .* did not end in 0.5 s"
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


@pytest.mark.parametrize("done", [False, True])
async def test_a_creation_that_is_given_up_is_undone(keeper_of: Keeping, tmp_path: Path, done: bool) -> None:  # noqa: FBT001
    async with keeper_of() as keeper:
        trouble = Trouble(keeper, tmp_path, "create", HANG, done=done)
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

        async with asyncio.timeout(5):
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


@pytest.mark.parametrize(
    "trouble",
    [
        "kill -SEGV $$",
        "exit 1",
        "head -c 100000 /dev/urandom >&2",
        'head -c 100000 /dev/urandom | tee -a "$4" >/dev/null',
        'echo \'{"level":"error","msg":5}\' >>"$4"',
        "exit 0",
        "echo garbage >$11; exit 0",
        "echo 1 >$11; exit 0",
        "echo 99999999999999999999 >$11; exit 0",
    ],
)
async def test_a_runtime_that_crashes_or_says_nonsense(
    keeper_of: Keeping, tmp_path: Path, trouble: str
) -> None:
    async with keeper_of() as keeper:
        pid_file = 'for word; do [ "$last" != --pid-file ] || file=$word; last=$word; done; '
        Trouble(keeper, tmp_path, "create", pid_file + trouble.replace("$11", '"$file"'))
        with pytest.raises((OperationFailed, FailedPrecondition)) as caught:
            await keeper.create(FOREVER)
        assert str(caught.value)
        assert keeper.folders() == []
        assert keeper.events == []


async def test_an_exec_of_a_runtime_that_crashes(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        trouble = Trouble(keeper, tmp_path, "exec", "kill -SEGV $$")
        name = await keeper.run(FOREVER)
        with pytest.raises(OperationFailed, match=r"exit status 139"):
            await keeper.exec(name, ["true"])
        assert (await keeper.tasks.state(name)).status is Status.RUNNING
        await trouble.begun.begun()


async def test_a_runtime_whose_processes_are_not_ours_to_signal_is_asked(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    """As runsc: it is told to kill, to list, and to say its state."""
    async with keeper_of() as keeper:
        words = tmp_path / "words"
        path = tmp_path / "wonder"
        path.write_text(f'#!/bin/sh\necho "$@" >>{words}\nexec {keeper.binary} "$@"\n')
        path.chmod(0o755)
        keeper.binary = str(path)
        name = await keeper.run(FOREVER)
        exec_id = await keeper.exec(name, FOREVER)
        assert len(await keeper.tasks.pids(name)) == 2
        await keeper.tasks.kill(name, exec_id, signal.SIGKILL)
        assert (await keeper.tasks.wait(name, exec_id)).status == 128 + signal.SIGKILL
        await keeper.tasks.kill(name, "", signal.SIGKILL, everything=True)
        assert (await keeper.tasks.wait(name)).status == 128 + signal.SIGKILL
        verbs = [line.split("--log-format json ")[1].split()[0] for line in words.read_text().splitlines()]
        assert verbs == ["create", "start", "exec", "ps", "kill"]
