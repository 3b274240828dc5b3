"""What a monitor costs: at most 300 kB of memory with a process in it, and nothing while nothing happens."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from contextlib import AsyncExitStack
from pathlib import Path

from packages.shim.tests.monitor.records import until
from packages.shim.tests.monitor.scene import FOREVER, Scene, Scenes, ended

from tiffin.shim.monitor import Monitor, Spawn, Streams

MOST_ALONE = 300  # kB
MOST_OF_ITS_OWN = 110
QUIET = 0.5  # seconds


def memory(pid: int, field: str) -> int:
    """A field of /proc/PID/smaps_rollup, in kB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(f"{field}:")))


def switches(scene: Scene) -> int:
    """How often it has run."""
    return scene.status("voluntary_ctxt_switches") + scene.status("nonvoluntary_ctxt_switches")


def ticks(scene: Scene) -> int:
    """How long it has run."""
    fields = Path(f"/proc/{scene.monitor.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def settled(scene: Scene) -> None:
    """Waits till it has given back what it does not need, a second after the last thing that happened."""
    async with asyncio.timeout(20):
        while memory(scene.monitor.pid, "Rss") > MOST_ALONE:  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.02)


async def test_one_alone_takes_300_kilobytes_at_most(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        streams = scene.to_file()
        sink = streams.stdout[0].replace(kind="cri")
        await scene.run("init", f"seq 10000; {FOREVER}", streams.replace(stdout=(sink,), stderr=(sink,)))
        await scene.run("exec", "seq 10000", streams)
        await scene.heard.end_of("exec")
        await settled(scene)
        assert memory(scene.monitor.pid, "Pss") <= MOST_ALONE


async def test_a_terminal_that_there_is_no_descriptor_for_costs_nothing_and_comes_when_there_is(
    scene_of: Scenes,
) -> None:
    async with scene_of() as scene:
        go, pid_file = scene.file("go"), scene.file("pid")
        os.mkfifo(go)
        os.mkfifo(pid_file)  # who has connected waits there until somebody reads its pid
        maker = (
            str(scene.orphan),
            "-c",
            f"{scene.directory}/init/console.sock",
            str(pid_file),
            "/bin/sh",
            "-c",
            "exit 2",
        )
        argv = ("/bin/sh", "-c", f'read x < {go}; exec "$@"', "sh", *maker)
        streams = Streams(terminal=True, stdout=(scene.sink("out"),))
        launcher = await scene.monitor.spawn(Spawn("init", argv, streams=streams, console_socket=True))
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (scene.descriptors(), 4096))
        await asyncio.to_thread(go.write_text, "\n")
        await until(lambda: "wait_for_partner" in Path(f"/proc/{launcher}/wchan").read_text())
        before = ticks(scene)
        await asyncio.sleep(QUIET)
        assert ticks(scene) - before <= QUIET * os.sysconf("SC_CLK_TCK") / 10
        resource.prlimit(scene.monitor.pid, resource.RLIMIT_NOFILE, (4096, 4096))
        pid = int(await asyncio.to_thread(pid_file.read_text))
        await ended(launcher)
        await scene.monitor.adopt("init", pid)
        assert (await scene.heard.end_of("init")).status == 2


async def test_each_of_many_takes_little_of_its_own(scene_of: Scenes, tmp_path: Path) -> None:
    async with AsyncExitStack() as scenes, scene_of() as first:
        all_of_them = [first]
        for number in range(20):
            folder = tmp_path / str(number)
            folder.mkdir()
            all_of_them.append(await scenes.enter_async_context(Scene(folder, first.orphan)))
        for scene in all_of_them:
            await scene.run("init", FOREVER, scene.to_file())
        for scene in all_of_them:
            await settled(scene)
            assert memory(scene.monitor.pid, "Pss_Dirty") <= MOST_OF_ITS_OWN


async def test_it_does_not_run_while_nothing_happens(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        await scene.run("init", FOREVER, scene.to_file())
        await settled(scene)
        async with asyncio.timeout(20):  # it gives memory back once, whenever that is
            before = -1
            while switches(scene) != before:
                before = switches(scene)
                await asyncio.sleep(QUIET)  # the time in which it shall do nothing


async def test_it_is_there_within_milliseconds(scene_of: Scenes) -> None:
    async with scene_of() as scene:
        times = []
        for number in range(20):
            begin = time.perf_counter()
            monitor = await Monitor.start(f"{scene.folder}/{number}", scene.heard)
            times.append(time.perf_counter() - begin)
            await monitor.quit()
        assert min(times) < 0.02  # 0.7 ms on an idle machine
