"""OOM events of real memory cgroups: one callback for each, or for several at once; nobody polls."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tiffin.shim.oom import OomWatcher
from tiffin_testing.cgroups import CgroupParent, remove_tree

pytestmark = pytest.mark.requires("root", "cgroup_v1", "cgroup_memory")
SECONDS = 20.0
MB = 1 << 20
EATER = ["tail", "/dev/zero"]  # keeps all that it reads


@pytest.fixture
def memory(cgroup_parent: CgroupParent, nothing_left: None) -> Iterator[Path]:
    """A memory cgroup in which there is little."""
    group = Path("/sys/fs/cgroup/memory", cgroup_parent.name, "eaters")
    group.mkdir(parents=True)
    (group / "memory.limit_in_bytes").write_text(str(8 * MB))
    yield group
    remove_tree(group)


def start(group: Path) -> int:
    """A process that eats until it is killed."""
    pid = os.fork()
    if pid == 0:
        try:
            (group / "cgroup.procs").write_text("0")
            with open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), 1)
            os.execvp(EATER[0], EATER)
        finally:
            os._exit(1)
    return pid


def eat(group: Path) -> None:
    """Until the kernel kills it."""
    status = os.waitpid(start(group), 0)[1]
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


class Heard:
    """A callback, and a wait for the n-th call."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._more = asyncio.Event()

    def __call__(self, container: str) -> None:
        self.told.append(container)
        self._more.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(SECONDS):
            while len(self.told) < count:
                await self._more.wait()
                self._more.clear()


async def test_each_event_is_told_once(memory: Path) -> None:
    heard = Heard()
    with OomWatcher(heard) as watcher:
        watcher.watch("c1", {"memory": str(memory)})
        for number in range(1, 4):
            eat(memory)
            await heard.until(number)
        await asyncio.sleep(0)
    assert heard.told == ["c1"] * 3


async def test_what_happens_before_anybody_looks_is_one_event(memory: Path) -> None:
    """As containerd's shim has it: a container that is killed for memory a thousand times a second floods nobody."""
    heard = Heard()
    with OomWatcher(heard) as watcher:
        watcher.watch("c1", {"memory": str(memory)})
        for _ in range(3):
            eat(memory)
        await heard.until(1)
        eat(memory)
        await heard.until(2)
        await asyncio.sleep(0)
    assert heard.told == ["c1"] * 2


async def test_only_the_container_itself_is_told_of(memory: Path) -> None:
    heard = Heard()
    other = memory.parent / "others"
    other.mkdir()
    with OomWatcher(heard) as watcher:
        watcher.watch("c1", {"memory": str(memory)})
        watcher.watch("c2", {"memory": str(other)})
        eat(memory)
        await heard.until(1)
    assert heard.told == ["c1"]
    other.rmdir()


async def test_what_has_happened_is_told_before_the_watch_ends(memory: Path) -> None:
    heard = Heard()
    watcher = OomWatcher(heard)
    watcher.watch("c1", {"memory": str(memory)})
    eat(memory)  # the loop has had no turn since
    assert heard.told == []
    watcher.unwatch("c1")
    assert heard.told == ["c1"]
    watcher.unwatch("c1")
    eat(memory)
    await asyncio.sleep(0)
    assert heard.told == ["c1"]


class Ending(OomWatcher):
    """Tells when it has ended a watch."""

    def __init__(self) -> None:
        super().__init__(Heard())
        self.ended = asyncio.Event()

    def unwatch(self, container: str) -> None:
        super().unwatch(container)
        self.ended.set()


async def test_the_end_of_the_cgroup_ends_the_watch(memory: Path) -> None:
    watcher = Ending()
    before = len(os.listdir("/proc/self/fd"))
    watcher.watch("c1", {"memory": str(memory)})
    watcher.ended.clear()
    os.rmdir(memory)
    await asyncio.wait_for(watcher.ended.wait(), SECONDS)
    assert len(os.listdir("/proc/self/fd")) == before


async def test_without_a_memory_cgroup_nothing_is_watched(memory: Path) -> None:
    with OomWatcher(Heard()) as watcher:
        before = len(os.listdir("/proc/self/fd"))
        watcher.watch("c1", {"pids": "/sys/fs/cgroup/pids"})
        watcher.watch("c2", {"memory": str(memory / "gone")})
        watcher.watch("c3", {})
        assert len(os.listdir("/proc/self/fd")) == before


async def test_without_descriptors_a_container_lives_unwatched(
    memory: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The container is made by then: it must not be lost for that."""

    def watch(_: str) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("tiffin.runtime.cgroup.oom.watch_v1", watch)
    with OomWatcher(Heard()) as watcher:
        watcher.watch("c1", {"memory": str(memory)})
    assert "Too many open files" in caplog.text


async def test_a_second_watch_replaces_the_first(memory: Path) -> None:
    heard = Heard()
    with OomWatcher(heard) as watcher:
        for _ in range(2):
            watcher.watch("c1", {"memory": str(memory)})
        eat(memory)
        await heard.until(1)
        await asyncio.sleep(0)
    assert heard.told == ["c1"]
