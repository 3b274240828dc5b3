"""Shims that a manager finds after a restart, and those that die while it runs: each end is told, and nothing leaks."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING, Any, cast

import pytest
from packages.manager.tests.runtimes.standing import StandInProgram, StandInShim, bundle_of

from tiffin.api.containerd.runtime.task.v2.shim_pb2 import StateRequest, StateResponse
from tiffin.manager.runtimes.external.bootstrap import Bootstrap
from tiffin.manager.runtimes.external.connections import connect
from tiffin.manager.runtimes.external.program import Daemon
from tiffin.manager.runtimes.external.runtime import ExternalRuntime
from tiffin.manager.runtimes.external.shim import Shim
from tiffin.manager.runtimes.external.taking_back import TakingBack
from tiffin.ttrpc import Code, RpcError

if TYPE_CHECKING:
    from pathlib import Path

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.program import ShimProgram
    from tiffin.manager.runtimes.values import Exit


class Watching:
    """Who is told. lost: how first processes ended, and when all is removed."""

    def __init__(self) -> None:
        self.lost_ones: asyncio.Queue[Exit] = asyncio.Queue()

    def happened(self, *_: object) -> None:
        """Nothing."""

    def returned(self, _: object) -> None:
        """Nothing."""

    def lost(self, _: object, exit_: Exit) -> None:
        self.lost_ones.put_nowait(exit_)


class Runtime(ExternalRuntime):
    """With a program of our own."""

    def __init__(self, program: StandInProgram) -> None:
        super().__init__(Daemon("", ""))
        self._stand_in = program

    def _program_of(self, _: Bundle) -> ShimProgram:
        return cast("ShimProgram", self._stand_in)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_a_shim_that_dies_while_the_manager_looks_is_started_again(tmp_path: Path) -> None:
    dying, next_ = (StandInShim(tmp_path / "shim.sock", "c1") for _ in range(2))
    dying.dies = True
    await dying.listen()
    bundle, program = bundle_of(tmp_path, "c1", dying.address), StandInProgram(next_)
    task = await Runtime(program).recover(bundle, Watching(), lambda: None)
    assert task is not None
    assert (await task.state("")).pid == 7
    assert program.started == ["c1"]
    await task.give_up()
    await next_.server.close()


async def test_a_shim_that_cannot_tell_its_tasks_state_has_it(tmp_path: Path) -> None:
    shim = StandInShim(tmp_path / "shim.sock", "c1")
    shim.failure = RpcError(Code.UNKNOWN, "runc did not terminate successfully")
    await shim.listen()
    bundle = bundle_of(tmp_path, "c1", shim.address)
    task = await Runtime(StandInProgram(shim)).recover(bundle, Watching(), lambda: None)
    assert task is not None
    await task.give_up()
    await shim.server.close()


async def test_a_shim_without_its_task_is_told_to_end_and_let_go(tmp_path: Path) -> None:
    shim = StandInShim(tmp_path / "shim.sock")
    await shim.listen()
    bundle, program = bundle_of(tmp_path, "c1", shim.address), StandInProgram(shim)
    asked = asyncio.ensure_future(Runtime(program).recover(bundle, Watching(), lambda: None))
    await shim.until_asked("c1")
    before = descriptors()
    await shim.server.close()  # as it was told
    assert await asked is None
    assert descriptors() <= before
    assert program.started == []


async def test_a_shim_of_several_tasks_may_be_making_one_that_it_does_not_have_yet(tmp_path: Path) -> None:
    shim, unmade = StandInShim(tmp_path / "shim.sock", "c2"), asyncio.Event()
    await shim.listen()
    bundle = bundle_of(tmp_path, "c1", shim.address)
    asked = asyncio.ensure_future(Runtime(StandInProgram(shim)).recover(bundle, Watching(), unmade.set))
    async with asyncio.timeout(20):
        await unmade.wait()
    assert not asked.done()
    shim.tasks.add("c1")
    task = await asked
    assert task is not None
    await task.give_up()
    await shim.server.close()


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "too many open files"), None])
async def test_the_loss_of_a_shim_is_told_whatever_its_cleaning_up_fails_with(
    tmp_path: Path, error: OSError | None
) -> None:
    shim = StandInShim(tmp_path / "shim.sock", "c1")
    await shim.listen()
    bundle, program = bundle_of(tmp_path, "c1", shim.address), StandInProgram(shim, takes_back=False)
    program.failure = error
    lost: asyncio.Queue[Exit] = asyncio.Queue()
    watched = Shim(bundle, await connect(Bootstrap(f"unix://{shim.address}")), cast("Any", program), None)
    watched.watch(TakingBack(), lambda: None, lost.put_nowait)
    await watched.call("State", StateRequest(id="c1"), StateResponse)  # it has taken the connection
    await shim.server.close()
    async with asyncio.timeout(20):
        assert (await lost.get()).status == (137 if error is None else 255)
    assert "c1" not in os.listdir(tmp_path)
    await watched.give_up()
