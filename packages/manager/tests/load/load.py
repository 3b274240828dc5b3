"""`Load`: many containers that write numbered lines, at the pace of who reads, and end with statuses of their own."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packages.manager.tests.load.lines import Lines, script
from packages.manager.tests.tasks.shims import ends

from tiffin.manager.client.client import Client
from tiffin.shim.command.socket_path import socket_path
from tiffin_testing.bundle import default_config
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from packages.manager.tests.tasks.peers import Peer

    from tiffin.manager.client.tasks import Task
    from tiffin_testing.cgroups import CgroupParent

LINES = 6000  # of each container: about 60 kB, which is more than its FIFO holds
NAMESPACE = f"load-{os.getpid()}"  # shims keep the state of their runtimes by namespace, for the whole host
AT_ONCE = 10
GROUP = 5  # containers that share a shim, where there is one
ANNOTATION = "io.containerd.runc.v2.group"
SHIM = b"containerd-shim-tiffin-v2"


class Load:
    """The containers, and what they write."""

    def __init__(self, peer: Peer, folder: Path, cgroups: CgroupParent, count: int) -> None:
        self.peer = peer
        self._cgroups = cgroups
        self._rootfs = make_rootfs(folder / "rootfs")
        self.lines = {f"c{number}": Lines(folder / f"c{number}") for number in range(count)}
        self.statuses = {name: number % 250 + 1 for number, name in enumerate(self.lines)}

    def spec(self, name: str) -> dict[str, Any]:
        config = default_config(["sh", "-c", script(LINES, self.statuses[name])])
        config["root"] = {"path": str(self._rootfs), "readonly": True}
        config["annotations"] = {ANNOTATION: _group(name)}
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
                    await (await container.create_task(Output(self.lines[name].path))).start()

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

    def shims(self) -> list[int]:
        """Those that live now, or are being started."""
        address = os.fsencode(self.peer.address)
        words = ((int(path.parent.name), _words(path)) for path in Path("/proc").glob("[0-9]*/cmdline"))
        return sorted(pid for pid, found in words if address in found and os.path.basename(found[0]) == SHIM)

    def left(self) -> list[str]:
        """What is there that should be gone once all containers are removed."""
        folder = f"{self.peer.folder}/state"
        processes = [_words(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        return [
            *(str(words) for words in processes if any(folder.encode() in word for word in words)),
            *(f"shim {pid}" for pid in self.shims() if not ends(pid)),
            *(line for line in mounts if str(self.peer.folder) in line),
            *map(str, self.peer.folder.glob("state/**/c[0-9]*")),
            *map(str, self._cgroups.existing()),
            *filter(os.path.exists, self._sockets()),
        ]

    def _sockets(self) -> set[str]:
        """Of shims."""
        groups = {_group(name) for name in self.lines}
        return {socket_path("", self.peer.address, NAMESPACE, group) for group in groups}

    def close(self) -> None:
        """Ends what a test that has failed has left, too."""
        folder = os.fsencode(self.peer.folder)
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            if any(word.startswith(folder) for word in _words(path)[1:]):
                with suppress(ProcessLookupError):
                    os.kill(int(path.parent.name), signal.SIGKILL)
        shutil.rmtree(f"/run/containerd/tiffin/{NAMESPACE}", ignore_errors=True)
        for lines in self.lines.values():
            lines.close()


class Output:
    """Only a stdout, whose reader is ours already; in the place of `Fifos`."""

    def __init__(self, path: Path) -> None:
        self.paths = ("", str(path), "")

    async def connect(self) -> None:
        """Nothing."""


def _group(name: str) -> str:
    return f"g{int(name[1:]) // GROUP}"


def _words(path: Path) -> list[bytes]:
    """Of a command line; one empty word if the process has ended."""
    with suppress(OSError):
        return path.read_bytes().split(b"\0")
    return [b""]
