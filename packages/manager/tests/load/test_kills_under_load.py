"""The manager is killed with -9 at random moments while many containers write numbered lines.

No container dies of it, no line is lost or doubled, every exit status comes, and nothing is left when all is removed.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packages.manager.tests.load.lines import WIDTH, Lines, script
from packages.manager.tests.tasks.peers import KINDS, Peer

from tiffin.manager.client.client import Client
from tiffin.runtime.errors import Unavailable
from tiffin_testing.bundle import default_config
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from tiffin.manager.client.tasks import Task
    from tiffin_testing.cgroups import CgroupParent

pytestmark = pytest.mark.requires("root", "busybox")

WHOLE = "CI" in os.environ
CONTAINERS, KILLS = (200, 100) if WHOLE else (40, 12)
LINES = 6000  # of each container: about 60 kB, which is more than its FIFO holds
NAMESPACE = "load"
AT_ONCE = 10
SEED = 20261127


class Load:
    """The containers, and what they write."""

    def __init__(self, peer: Peer, folder: Path, cgroups: CgroupParent) -> None:
        self.peer = peer
        self._cgroups = cgroups
        self._rootfs = make_rootfs(folder / "rootfs")
        self.lines = {f"c{number}": Lines(folder / f"c{number}") for number in range(CONTAINERS)}
        self.statuses = {name: number % 250 + 1 for number, name in enumerate(self.lines)}

    def spec(self, name: str) -> dict[str, Any]:
        config = default_config(["sh", "-c", script(LINES, self.statuses[name])])
        config["root"] = {"path": str(self._rootfs), "readonly": True}
        config["linux"]["cgroupsPath"] = self._cgroups.path_for(name)
        return config

    async def start(self) -> None:
        """All of them, some at a time."""
        turn = asyncio.Semaphore(AT_ONCE)
        async with Client.connect(self.peer.address, NAMESPACE) as client:

            async def one(name: str) -> None:
                async with turn:
                    container = await client.containers.create(
                        name, self.spec(name), runtime=self.peer.kind.runtime
                    )
                    await (await container.create_task(_Output(self.lines[name].path))).start()

            await asyncio.gather(*map(one, self.lines))

    def read(self) -> None:
        """A round: a little of each."""
        for lines in self.lines.values():
            if not lines.ended:
                lines.read()

    async def pids(self) -> dict[str, int]:
        """The first process of each task, as the manager knows it."""
        async with Client.connect(self.peer.address, NAMESPACE) as client:
            return {name: task.pid for name, task in (await client.containers.tasks()).items()}

    async def finish(self) -> None:
        """Reads everything to its end, takes the statuses, and removes all."""
        reading = asyncio.ensure_future(self._read_to_the_end())
        turn = asyncio.Semaphore(AT_ONCE)
        async with Client.connect(self.peer.address, NAMESPACE) as client:
            tasks = await client.containers.tasks()
            assert tasks.keys() == self.lines.keys()

            async def one(name: str, task: Task) -> None:
                assert (await task.wait()).status == self.statuses[name], name
                async with turn:
                    assert (await task.delete()).status == self.statuses[name], name
                    await (await client.containers.get(name)).delete()

            await asyncio.gather(*(one(name, task) for name, task in tasks.items()))
        await reading

    async def _read_to_the_end(self) -> None:
        while waiting := [lines for lines in self.lines.values() if not lines.ended]:
            got = sum(lines.read(1 << 16) for lines in waiting)
            await asyncio.sleep(0 if got else 0.01)  # a FIFO tells epoll of its end only; a round is simpler

    def close(self) -> None:
        for lines in self.lines.values():
            lines.close()


class _Output:
    """Only a stdout, whose reader is ours already; in the place of `Fifos`."""

    def __init__(self, path: Path) -> None:
        self.paths = ("", str(path), "")

    async def connect(self) -> None:
        """Nothing."""


@pytest.fixture(params=["tiffin"])
def load(request: pytest.FixtureRequest, cgroup_parent: CgroupParent) -> Iterator[Load]:
    folder = Path(tempfile.mkdtemp(prefix="tiffin-load-", dir="/var/tmp"))
    (folder / "manager").mkdir()
    peer = Peer(KINDS[request.param], folder / "manager")
    made = Load(peer, folder, cgroup_parent)
    peer.start()
    try:
        yield made
    finally:
        made.close()
        peer.close()
        cgroup_parent.remove()
        shutil.rmtree(folder)


def test_kills_of_the_manager_harm_no_container(load: Load) -> None:
    chance = random.Random(SEED)  # noqa: S311  # no secret
    asyncio.run(load.start())
    before = asyncio.run(load.pids())
    assert len(before) == CONTAINERS
    for _ in range(KILLS):
        load.read()
        asyncio.run(_ask_until(load, chance.uniform(0.0, 0.2)))
        load.peer.end(signal.SIGKILL)
        load.read()
        load.peer.start()
        assert asyncio.run(load.pids()) == before
    assert min(lines.bytes for lines in load.lines.values()) > 0
    asyncio.run(load.finish())
    assert {lines.bytes for lines in load.lines.values()} == {LINES * WIDTH}
    _nothing_left(load)


async def _ask_until(load: Load, seconds: float) -> None:
    """Asks all the time, so that a kill comes in the middle of something."""
    with suppress(TimeoutError, Unavailable):
        async with asyncio.timeout(seconds), Client.connect(load.peer.address, NAMESPACE) as client:
            while True:
                for name in load.lines:
                    await client.containers.get(name)
                    await client.containers.tasks()


def _nothing_left(load: Load) -> None:
    folder = str(load.peer.folder)
    assert folder not in Path("/proc/self/mountinfo").read_text()
    assert [path for path in Path("/proc").glob("[0-9]*/cmdline") if _names(path, f"{folder}/state")] == []
    assert not any(load.peer.folder.glob("state/**/c[0-9]*"))


def _names(path: Path, folder: str) -> bool:
    """Whether a process has the folder among its words."""
    with suppress(OSError):
        return folder.encode() in path.read_bytes()
    return False
