"""Thousands of containers come and go, ten at a time, and so do execs: what tiffind holds stays level, nothing is left.

`CI` makes it whole: a leak of 1 kB with each container shows there, and one of a descriptor anywhere.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packages.manager.tests.load.churn.level import Level, level_of
from packages.manager.tests.tasks.peers import KINDS, Peer
from packages.manager.tests.tasks.shims import ends

from tiffin.api.containerd.events.task_pb2 import TaskExit
from tiffin.manager.client.client import Client
from tiffin.manager.events.exchange import EVENTS
from tiffin.shim.command.socket_path import socket_path
from tiffin_testing.bundle import default_config
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from tiffin_testing.cgroups import CgroupParent

WHOLE = "CI" in os.environ
CONTAINERS = {"tiffin": 5000, "tiffin-shim": 1000} if WHOLE else {"tiffin": 150, "tiffin-shim": 60}
EXECS = 1000 if WHOLE else 100
AT_ONCE = 10
WARM = 40  # at least, before the first look: threads, and what each has open, come to be
NAMESPACE = f"churn-{os.getpid()}"  # shims keep the state of their runtimes by namespace, for the whole host
EVENTS_EACH = 6  # of a container; tiffind keeps the last ones
MEMORY = 4 << 20  # bytes that may be the allocator's: less than 1 kB for each of the 4500 that are looked at
OBJECTS = 3000  # weak references come and go by some thousand
DESCRIPTORS = 12  # of threads that were started later

pytestmark = [pytest.mark.requires("root", "busybox"), pytest.mark.timeout(900 if WHOLE else 120)]


class Churn:
    """Lives of containers of one manager."""

    def __init__(self, peer: Peer, folder: Path, cgroups: CgroupParent) -> None:
        self.peer = peer
        self.cgroups = cgroups
        self._rootfs = make_rootfs(folder / "rootfs")

    def spec(self, name: str, *args: str) -> dict[str, Any]:
        config = default_config(args)
        config["root"] = {"path": str(self._rootfs), "readonly": True}
        config["linux"]["cgroupsPath"] = self.cgroups.path_for(name)
        return config

    def connect(self) -> Client:
        return Client.connect(self.peer.address, NAMESPACE)

    async def live(self, client: Client, number: int) -> None:
        """A container from nothing to nothing."""
        name, status = f"c{number}", number % 250
        spec = self.spec(name, "sh", "-c", f"exit {status}")
        container = await client.containers.create(name, spec, runtime=self.peer.kind.runtime)
        task = await container.create_task()
        await task.start()
        assert (await task.wait()).status == status
        assert (await task.delete()).status == status
        await container.delete()

    def level(self) -> Level:
        return level_of(self.peer.pid, f"{self.peer.folder}/debug", self.peer.folder)


@pytest.fixture(params=list(CONTAINERS))
def churn(request: pytest.FixtureRequest, cgroup_parent: CgroupParent) -> Iterator[Churn]:
    folder = Path(tempfile.mkdtemp(prefix="tiffin-churn-", dir="/var/tmp"))
    (folder / "manager").mkdir()
    config = f'[debug]\naddress = "{folder}/manager/debug"\n'
    peer = Peer(KINDS[request.param], folder / "manager", config)
    made = Churn(peer, folder, cgroup_parent)
    peer.start()
    try:
        yield made
    finally:
        peer.close()
        cgroup_parent.remove()
        shutil.rmtree(folder)


def test_what_is_held_stays_level_while_containers_and_execs_come_and_go(
    churn: Churn, request: pytest.FixtureRequest
) -> None:
    before = _outside(churn)
    asyncio.run(_fill_the_ring(churn))
    asyncio.run(_containers(churn, CONTAINERS[request.node.callspec.params["churn"]]))
    asyncio.run(_execs(churn, EXECS))
    assert all(map(ends, _shims(churn)))
    assert _outside(churn) == before


async def _fill_the_ring(churn: Churn) -> None:
    """As many events as tiffind keeps: from then on that does not grow. At the desk it is let grow instead."""
    async with churn.connect() as client:
        event = TaskExit(container_id="c00000", id="c00000", pid=1, exit_status=1)
        await _all(range(EVENTS if WHOLE else 0), lambda _: client.events.publish("/tasks/exit", event))


async def _containers(churn: Churn, count: int) -> None:
    async with churn.connect() as client:
        await _ten_at_a_time(churn, count, lambda number: churn.live(client, number))


async def _execs(churn: Churn, count: int) -> None:
    async with churn.connect() as client:
        spec = churn.spec("stays", "sleep", "1000")
        container = await client.containers.create("stays", spec, runtime=churn.peer.kind.runtime)
        task = await container.create_task()
        await task.start()
        words = default_config(["sh", "-c", "exit 7"])["process"]

        async def execute(number: int) -> None:
            process = await task.execute(f"e{number}", words)
            await process.start()
            assert (await process.wait()).status == 7
            await process.delete()

        await _ten_at_a_time(churn, count, execute)
        await task.kill(9)
        await task.wait()
        await task.delete()
        await container.delete()


async def _ten_at_a_time(churn: Churn, count: int, live: Callable[[int], Awaitable[None]]) -> None:
    """Does that many, and looks after the first tenth, and at the end."""
    first = max(count // 10, WARM)
    await _all(range(first), live)
    then = churn.level()
    await _all(range(first, first + count), live)
    now = churn.level()
    kept = 0 if WHOLE else count * EVENTS_EACH * 2  # of each an envelope, and a message
    grown = f"after {first}: {_numbers(then)}; after {count} more: {_numbers(now)}"
    print(grown)
    assert now.files == then.files
    assert now.children == then.children == 0, grown
    assert now.descriptors - then.descriptors <= DESCRIPTORS, grown
    assert now.objects - then.objects < OBJECTS + kept, grown
    assert now.memory - then.memory < MEMORY, grown


async def _all(numbers: range, live: Callable[[int], Awaitable[None]]) -> None:
    waiting = iter(numbers)

    async def one_after_the_other() -> None:
        for number in waiting:
            await live(number)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))


def _numbers(level: Level) -> str:
    return f"{level.memory >> 10} kB, {level.descriptors} descriptors, {level.objects} objects"


def _shims(churn: Churn) -> list[int]:
    """Those that live still: each is told to end when its last task is deleted."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        words = _words(path)
        if words.startswith(b"containerd-shim") and os.fsencode(churn.peer.folder) in words:
            found.append(int(path.parent.name))
    return found


def _words(path: Path) -> bytes:
    """A command line; nothing if the process has ended."""
    with suppress(OSError):
        return path.read_bytes()
    return b""


def _outside(churn: Churn) -> list[str]:
    """What of it is to be seen from outside: processes, mounts, cgroups."""
    folder = os.fsencode(churn.peer.folder)
    processes = [_words(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return [
        *(str(words) for words in processes if folder in words),
        *(line for line in mounts if str(churn.peer.folder) in line),
        *map(str, churn.cgroups.existing()),
        *(path for path in _sockets(churn) if os.path.exists(path)),
    ]


def _sockets(churn: Churn) -> Iterator[str]:
    """Of the shims that there may have been."""
    for name in ("stays", *(f"c{number}" for number in range(2 * max(CONTAINERS.values())))):
        yield socket_path("", churn.peer.address, NAMESPACE, name)
