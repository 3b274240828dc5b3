"""kill -9 of the process that holds tasks and our executor, before and after each system call with an effect.

Another one takes the task back: its state is true, the monitor knows all that lives, and nothing is left at the end.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import posix
import select
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from packages.shim.tests.runtimes_in_process.conftest import InProcessKeeper
from packages.shim.tests.tasks import stepping
from packages.shim.tests.tasks.keeping import Output, output
from packages.shim.tests.tasks.stepping import Steps, run_and_kill
from packages.shim.tests.tasks.test_recovery import (
    UNTIL_TERM,
    check_order,
    taken_back,
    told_by,
    whole_life,
)
from packages.shim.tests.tasks.test_rootfs import on_overlay

from tiffin.runtime.errors import Unavailable
from tiffin.shim.monitor import Exit, Monitor
from tiffin.shim.monitor.connection import Connection
from tiffin.shim.runtimes.in_process import InProcess
from tiffin.shim.runtimes.in_process.start import MonitoredProgram, MonitorStarter
from tiffin.shim.runtimes.stopping import children_of
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.values import CreateTask
from tiffin_testing.bundle import Bundle

pytestmark = [pytest.mark.requires("root"), pytest.mark.timeout(600)]
CALLS = ("mkdir", "mkfifo", "rename", "unlink", "rmdir", "write", "fsync", "memfd_create", "pipe2")
STRIDE = 1 if os.environ.get("TIFFIN_EVERY_STEP") else 7
SECONDS = 30.0


class ExecutorSteps(Steps):
    """Those of tasks, and each call by which the executor changes something outside of its memory."""

    def install(self) -> None:
        super().install()
        for name in CALLS:
            self.around(posix, name)
        self.around(fcntl, "flock")
        self.around(Connection, "post")
        self.around(MonitorStarter, "start")
        self.around(MonitoredProgram, "adopt")
        for name in stepping.VERBS:
            self.around(InProcess, name)


@pytest.mark.parametrize("first", range(1 if STRIDE == 1 else 2))
def test_at_each_step(
    first: int,
    tmp_path: Path,
    bundle_factory: Callable[..., Bundle],
    nothing_left: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TIFFIN_EVERY_STEP: at all of them; else at every seventh."""
    monkeypatch.setattr(stepping, "Steps", ExecutorSteps)
    fatal, ended = first * 3, False
    while not ended:
        keeper = InProcessKeeper(tmp_path, "", bundle_factory)
        with output(tmp_path) as out:
            request = on_overlay(keeper, UNTIL_TERM).replace(stdio=Stdio("", str(out.path)))
            work = partial(whole_life, keeper, request, out)
            told, ended = run_and_kill(work, tmp_path, fatal)
            if not ended:
                there = asyncio.run(_finish(keeper, request, out))
                check_order(told + told_by(keeper), request.id, to_the_end=there)
        fatal += STRIDE
    assert fatal > 150


async def _finish(keeper: InProcessKeeper, request: CreateTask, out: Output) -> bool:
    try:
        assert await unknown_children(request.bundle) == []
        return await asyncio.wait_for(taken_back(keeper, request, out), SECONDS)
    finally:
        await keeper.finish()


async def unknown_children(bundle: str) -> list[int]:
    """Children of the container's monitor that it does not know, and that do not end by themselves."""
    try:
        monitor = await Monitor.connect(f"{bundle}/tiffin", Deaf())
    except Unavailable:  # there is none: the kill was before it, or after it
        return []
    known = {process.pid for process in await monitor.processes()}
    unknown = [pid for pid in children_of(monitor.pid) if pid not in known]
    left = [pid for pid in unknown if not await asyncio.to_thread(ends, pid)]
    await monitor.close()
    return left


def ends(pid: int) -> bool:
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], SECONDS)[0])
    finally:
        os.close(descriptor)


class Deaf:
    """A `Listener` that wants to know nothing."""

    def exited(self, name: str, exit: Exit) -> None:  # noqa: A002
        pass

    def drained(self, name: str) -> None:
        pass

    def lost(self) -> None:
        pass
