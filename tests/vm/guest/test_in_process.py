"""Our executor in a daemon's process, on cgroup v2 and with CRIU: below a monitor, watched and measured."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packages.shim.tests.runtimes_in_process.places import place
from packages.shim.tests.tasks.keeping import process_of
from tests.vm.guest.subjects import needs_criu

from tiffin.api.cgroups.v2 import metrics_pb2
from tiffin.shim.metrics.messages import measure
from tiffin.shim.monitor import Sink, Streams
from tiffin.shim.oom import OomWatcher
from tiffin.shim.runtimes.options import CheckpointOptions
from tiffin.shim.runtimes.port import Creation, Execution, Restoration
from tiffin.shim.tasks.cgroups import cgroups_of, manager_of
from tiffin_testing.bundle import Bundle, default_config, merge_patch
from tiffin_testing.oci_runtime import new_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from packages.shim.tests.runtimes_in_process.places import Place

    from tiffin_testing.cgroups import CgroupParent

    Make = Callable[..., Bundle]

MB = 1 << 20
COUNTER = ["sh", "-c", "n=0; while read -r line; do n=$((n + 1)); echo $n $line; done; exit 7"]


@pytest.fixture
def make_bundle(tmp_path: Path, rootfs: Path, cgroup_parent: CgroupParent, nothing_left: None) -> Make:
    """A bundle with a cgroup of its own, and a rootfs that all share."""

    def make(args: list[str], resources: dict[str, Any] | None = None) -> Bundle:
        own = {
            "root": {"path": str(rootfs)},
            "linux": {"cgroupsPath": cgroup_parent.path_for(new_id()), "resources": resources or {}},
        }
        folder = tmp_path / new_id()
        folder.mkdir()
        bundle = Bundle(folder, merge_patch(default_config(args), own))
        (folder / "config.json").write_text(json.dumps(bundle.config))
        return bundle

    return make


class Lines:
    """Two FIFOs: what the container reads, and what it writes."""

    def __init__(self, folder: Path, name: str) -> None:
        self.paths = [folder / f"{name}-{way}" for way in ("in", "out")]
        for path in self.paths:
            os.mkfifo(path)
        self.streams = Streams(str(self.paths[0]), (Sink("fifo", str(self.paths[1])),))

    def open(self) -> None:
        self._in, self._out = (os.open(path, os.O_RDWR | os.O_NONBLOCK) for path in self.paths)

    async def ask(self, line: str) -> str:
        os.write(self._in, f"{line}\n".encode())
        loop, readable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._out, readable.set)
        await asyncio.wait_for(readable.wait(), 60)
        loop.remove_reader(self._out)
        return os.read(self._out, 4096).decode().strip()

    def close(self) -> None:
        os.close(self._in)
        os.close(self._out)


def test_a_container_lives(make_bundle: Make, tmp_path: Path) -> None:
    """All verbs but those that need CRIU."""

    async def live(here: Place) -> None:
        runtime, bundle = here.runtime(), make_bundle(["sleep", "1000"], {"pids": {"limit": 44}})
        pid = await runtime.create(here.monitor, "c1", Creation(str(bundle.path), Streams()))
        assert (await runtime.state("c1")).status == "created"
        await runtime.start("c1")
        process = json.dumps(process_of(["sleep", "1000"])).encode()
        exec_pid = await runtime.execute(here.monitor, "c1", Execution("e1", process, Streams()))
        assert sorted(await runtime.pids("c1")) == sorted([pid, exec_pid])
        await runtime.pause("c1")
        assert (await runtime.state("c1")).status == "paused"
        await runtime.resume("c1")
        await runtime.update("c1", b'{"pids":{"limit":55}}')
        manager = manager_of(cgroups_of(pid))
        assert manager is not None
        found = metrics_pb2.Metrics.FromString(measure(manager).value)
        assert (found.pids.current, found.pids.limit) == (2, 55)
        assert found.memory.usage > 0
        await runtime.kill("c1", 9)
        await here.heard.until("init")
        await runtime.delete("c1")

    asyncio.run(in_place(tmp_path, live))


def test_memory_runs_out(make_bundle: Make, tmp_path: Path) -> None:
    """Each event is told once, also when the loop has had no turn before the watch ends."""

    async def run_out(here: Place) -> None:
        told: list[str] = []
        bundle = make_bundle(["sleep", "1000"], {"memory": {"limit": 16 * MB, "swap": 16 * MB}})
        runtime = here.runtime()
        pid = await runtime.create(here.monitor, "c1", Creation(str(bundle.path), Streams()))
        await runtime.start("c1")
        with OomWatcher(told.append) as watcher:
            watcher.watch("c1", cgroups_of(pid))
            for number in (1, 2):
                process = json.dumps(process_of(["tail", "/dev/zero"])).encode()
                await runtime.execute(here.monitor, "c1", Execution(f"e{number}", process, Streams()))
                await here.heard.until(f"e{number}")
                assert here.heard.exits[f"e{number}"].oom_killed
            watcher.unwatch("c1")
        assert told == ["c1", "c1"]

    asyncio.run(in_place(tmp_path, run_out))


@needs_criu
def test_a_container_is_written_and_restored(make_bundle: Make, tmp_path: Path) -> None:
    """The restored process is the monitor's child, with its new streams and its old count."""

    async def counted(here: Place) -> None:
        runtime, bundle = here.runtime(), make_bundle(COUNTER)
        first, second = Lines(tmp_path, "first"), Lines(tmp_path, "second")
        await runtime.create(here.monitor, "c1", Creation(str(bundle.path), first.streams))
        first.open()
        await runtime.start("c1")
        assert await first.ask("a") == "1 a"
        images = str(tmp_path / "images")
        await runtime.checkpoint("c1", CheckpointOptions(images, str(tmp_path / "work"), exit=True))
        await here.heard.until("init")
        await here.monitor.forget("init")
        here.heard.exits.clear()
        first.close()
        creation = Creation(str(bundle.path), second.streams, Restoration(images))
        pid = await runtime.create(here.monitor, "c1", creation)
        assert (await runtime.state("c1")).pid == pid
        second.open()
        assert await second.ask("b") == "2 b"
        second.close()
        await here.monitor.close_stdin("init")
        await here.heard.until("init")
        assert here.heard.exits["init"].status == 7
        await runtime.delete("c1")

    asyncio.run(in_place(tmp_path, counted))


async def in_place(folder: Path, work: Callable[[Place], Any]) -> None:
    async with place(folder) as here:
        await work(here)
