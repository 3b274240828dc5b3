"""A checkpoint by the executor in this process that is given up ends its CRIU, which a script plays."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from packages.shim.tests.runtimes_in_process.places import Place, Reached, place
from packages.shim.tests.tasks.keeping import FOREVER

from tiffin.runtime.errors import TimedOut
from tiffin.shim.monitor import Streams
from tiffin.shim.runtimes.options import CheckpointOptions
from tiffin.shim.runtimes.port import Creation
from tiffin_testing.bundle import Bundle

pytestmark = pytest.mark.requires("root")
Make = Callable[..., Bundle]


@pytest.fixture
def criu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reached:
    """Tells its pid, and hangs."""
    reached = Reached(tmp_path / "reached")
    path = tmp_path / "bin/criu"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\necho $$ > {reached.path}\nexec sleep 1000\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:{os.environ['PATH']}")
    return reached


async def running(here: Place, bundle: Bundle) -> None:
    runtime = here.runtime()
    await runtime.create(here.monitor, "c1", Creation(str(bundle.path), Streams()))
    await runtime.start("c1")


def is_alive(pid: str) -> bool:
    return os.path.lexists(f"/proc/{pid}")


async def test_one_whose_time_is_up(
    tmp_path: Path, bundle_factory: Make, nothing_left: None, criu: Reached
) -> None:
    async with place(tmp_path) as here:
        await running(here, bundle_factory(args=FOREVER))
        options = CheckpointOptions(str(tmp_path / "image"))
        checkpoint = asyncio.ensure_future(here.runtime(checkpoint=1.0).checkpoint("c1", options))
        pid = await criu.told()
        with pytest.raises(TimedOut, match="OCI runtime checkpoint of c1 hangs"):
            await checkpoint
        assert not is_alive(pid)
        async with asyncio.timeout(10):
            await here.runtime().delete("c1", force=True)  # its lock is free


async def test_one_that_is_cancelled(
    tmp_path: Path, bundle_factory: Make, nothing_left: None, criu: Reached
) -> None:
    async with place(tmp_path) as here:
        await running(here, bundle_factory(args=FOREVER))
        options = CheckpointOptions(str(tmp_path / "image"))
        checkpoint = asyncio.ensure_future(here.runtime().checkpoint("c1", options))
        pid = await criu.told()
        checkpoint.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checkpoint
        assert not is_alive(pid)
        assert (await here.runtime().state("c1")).status == "running"
