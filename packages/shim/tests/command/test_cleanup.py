"""`delete` with something left: containerd gives it five seconds, whatever hangs, and kills it then."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.shim.tests.monitor.scene import ended
from packages.shim.tests.tasks.keeping import (
    FOREVER,
    NAMESPACE,
    NOTHING,
    Keeper,
    keeping,
    output,
    process_of,
    shell,
)
from packages.shim.tests.tasks.monitors import monitor_of
from packages.shim.tests.tasks.trouble import HANG, Trouble

from tiffin.runtime.errors import RuntimeFailure
from tiffin.shim.command.cleanup import taken_away
from tiffin.shim.command.flags import Invocation
from tiffin.shim.stdio import Stdio
from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import runtime_command

pytestmark = [pytest.mark.requires("root", "runc"), pytest.mark.usefixtures("nothing_left")]
CONTAINERD = 5.0  # seconds: io.containerd.timeout.shim.cleanup


@pytest.fixture
def keeper(tmp_path: Path, bundle_factory: Callable[..., Bundle]) -> Keeper:
    return Keeper(tmp_path, runtime_command("runc")[-1], bundle_factory)


async def delete(keeper: Keeper, name: str) -> int:
    """The exit status that it tells; in time."""
    begin = time.monotonic()
    remains = await taken_away(Invocation(NAMESPACE, name), str(keeper.bundles[name].path))
    assert time.monotonic() - begin < CONTAINERD
    assert remains is not None
    assert keeper.folders() == []
    return remains.exit_status


async def test_output_that_nobody_takes(keeper: Keeper, tmp_path: Path) -> None:
    async with keeping(keeper):
        with output(tmp_path) as out:
            name = await keeper.run(shell("yes"), stdio=Stdio("", str(out.path)))
            await out.begun()
            await keeper.tasks.close()
            assert await delete(keeper, name) == 137


async def test_an_exec_whose_command_hangs(keeper: Keeper, tmp_path: Path) -> None:
    async with keeping(keeper):
        trouble = Trouble(keeper, tmp_path, "exec", HANG)
        name = await keeper.run(FOREVER)
        await keeper.tasks.execute(name, "e1", process_of(FOREVER), NOTHING)
        starting = asyncio.ensure_future(keeper.tasks.start(name, "e1"))
        await trouble.begun.begun()
        assert await delete(keeper, name) == 137
        with pytest.raises(RuntimeFailure):
            await starting


async def test_a_start_that_hangs(keeper: Keeper, tmp_path: Path) -> None:
    async with keeping(keeper):
        trouble = Trouble(keeper, tmp_path, "start", HANG)
        name = await keeper.create(FOREVER)
        starting = asyncio.ensure_future(keeper.tasks.start(name))
        await trouble.begun.begun()
        assert await delete(keeper, name) == 137
        with pytest.raises(RuntimeFailure):
            await starting


async def test_a_monitor_that_hangs(keeper: Keeper) -> None:
    async with keeping(keeper):
        name = await keeper.run(FOREVER)
        monitor = monitor_of(keeper, name)
        pid = (await keeper.tasks.state(name)).pid
        await keeper.tasks.close()
        os.kill(monitor, signal.SIGSTOP)
        try:
            assert await delete(keeper, name) == 137
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(monitor, signal.SIGCONT)
        for process in (pid, monitor):
            await ended(process)
