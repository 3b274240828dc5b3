"""Runtimes that crash, say nonsense, or keep their processes to themselves: a clear error, and nothing is left."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeping
from packages.shim.tests.tasks.trouble import Trouble

from tiffin.runtime.errors import FailedPrecondition, OperationFailed
from tiffin.shim.tasks.states import Status

pytestmark = [
    pytest.mark.requires("root", "runc"),
    pytest.mark.parametrize("keeper_of", ["runc", "tiffin-runtime"], indirect=True),
]


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
