"""A checkpoint that hangs: what writes is ended, then its folders go; the container runs on. Scripts play CRIU."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeper, Keeping, Output
from packages.shim.tests.tasks.trouble import SOON, Trouble

from tiffin.runtime.errors import TimedOut
from tiffin.shim.runtimes.limits import TimeLimits
from tiffin.shim.runtimes.options import CheckpointOptions
from tiffin.shim.tasks.states import Status
from tiffin_testing.oci_runtime import runtime_command

pytestmark = pytest.mark.requires("root", "runc")

# a child of the runtime writes, as CRIU does, and has frozen the container
WRITER = """for name; do :; done; {runc} --root $2 pause $name; mkdir -p {work}
while :; do echo x >>{work}/pages; done & echo $! >{told}; wait"""


class Writing:
    """A checkpoint whose writer hangs. pid: of that, once it has begun."""

    def __init__(self, keeper: Keeper, folder: Path) -> None:
        self.pid = ""
        self._work = folder / "work"
        self._told = Output(folder, "writer")
        keeper.outputs.append(self._told)
        runc = runtime_command("runc")[-1]
        self._keeper = keeper
        Trouble(keeper, folder, "checkpoint", WRITER.format(runc=runc, work=self._work, told=self._told.path))

    def begin(self, name: str) -> asyncio.Future[None]:
        options = CheckpointOptions("/image", work=str(self._work))
        return asyncio.ensure_future(self._keeper.tasks.checkpoint(name, options))

    async def begun(self) -> None:
        self.pid = (await self._told.until("\n")).strip()

    def is_alive(self) -> bool:
        return Path(f"/proc/{self.pid}/exe").exists()


async def runs(keeper: Keeper, name: str) -> bool:
    """Not only as we tell it: its cgroup is not frozen."""
    runtime = keeper.runtime_for(keeper.options())
    seen = (await keeper.tasks.state(name)).status
    return seen is Status.RUNNING and (await runtime.state(name)).status == "running"


async def test_one_whose_time_is_up(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        keeper.limits = TimeLimits(checkpoint=SOON)
        writing = Writing(keeper, tmp_path)
        name = await keeper.run(FOREVER)
        checkpoint = writing.begin(name)
        await writing.begun()
        with pytest.raises(TimedOut, match="checkpoint"):
            await checkpoint
        assert not writing.is_alive()
        assert await runs(keeper, name)
        assert keeper.told() == ["create", "start"]


async def test_one_that_is_cancelled(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        writing = Writing(keeper, tmp_path)
        name = await keeper.run(FOREVER)
        checkpoint = writing.begin(name)
        await writing.begun()
        checkpoint.cancel()
        with pytest.raises(asyncio.CancelledError):
            await checkpoint
        assert not writing.is_alive()
        assert await runs(keeper, name)


async def test_one_of_a_paused_container_leaves_it_paused(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        keeper.limits = TimeLimits(checkpoint=SOON)
        writing = Writing(keeper, tmp_path)
        name = await keeper.run(FOREVER)
        await keeper.tasks.pause(name)
        with pytest.raises(TimedOut, match="checkpoint"):
            await writing.begin(name)
        runtime = keeper.runtime_for(keeper.options())
        assert (await runtime.state(name)).status == "paused"
        await keeper.tasks.resume(name)
