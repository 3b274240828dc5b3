"""What the kernel holds keeps no manager from its end: it is left to the next start."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
from packages.manager.tests.runtimes.standing import StandInProgram, StandInShim, bundle_of

from tiffin.api.containerd.runtime.task.v2.shim_pb2 import StateRequest, StateResponse
from tiffin.manager.runtimes import undoing
from tiffin.manager.runtimes.external import shim as shims
from tiffin.manager.runtimes.external.bootstrap import Bootstrap
from tiffin.manager.runtimes.external.connections import connect
from tiffin.manager.runtimes.external.shim import Shim
from tiffin.manager.runtimes.external.taking_back import TakingBack
from tiffin.shim.tasks.threads import in_thread

if TYPE_CHECKING:
    from pathlib import Path

    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.values import Exit


class Kernel:
    """Holds whoever comes, until it is let go."""

    def __init__(self) -> None:
        self.entered, self._let_go = asyncio.Event(), threading.Event()

    async def hold(self) -> None:
        self.entered.set()
        await in_thread(self._let_go.wait, 60)

    async def let_go(self) -> None:
        """And waits for those that were held."""
        self._let_go.set()
        others = asyncio.all_tasks() - {cast("Any", asyncio.current_task())}
        if others:
            await asyncio.wait(others)


async def test_an_undoing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undoing, "PATIENCE", 0.01)
    kernel = Kernel()
    undone = asyncio.ensure_future(undoing.to_the_end(kernel.hold()))
    await kernel.entered.wait()
    undone.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await undone
    await kernel.let_go()


class StuckProgram(StandInProgram):
    """It cannot remove what is left."""

    def __init__(self, starts: StandInShim, kernel: Kernel) -> None:
        super().__init__(starts, takes_back=False)
        self._kernel = kernel

    async def delete(self, bundle: Bundle) -> Exit:
        await self._kernel.hold()
        return await super().delete(bundle)


async def test_the_cleaning_up_after_a_shim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shims, "SETTLE", 0.01)
    kernel, stand_in = Kernel(), StandInShim(tmp_path / "shim.sock", "c1")
    await stand_in.listen()
    connection = await connect(Bootstrap(f"unix://{stand_in.address}"))
    program = cast("Any", StuckProgram(stand_in, kernel))
    shim = Shim(bundle_of(tmp_path, "c1", stand_in.address), connection, program, None)
    shim.watch(TakingBack(), lambda: None, lambda _: None)
    await shim.call("State", StateRequest(id="c1"), StateResponse)  # it has taken the connection
    await stand_in.server.close()
    await kernel.entered.wait()
    closing = asyncio.ensure_future(shim.give_up())
    done, _ = await asyncio.wait([closing], timeout=10)
    await kernel.let_go()
    assert done
