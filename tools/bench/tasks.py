#!/usr/bin/env python3
"""Times a task's life in this process against `run` of a peer, alternating: create, start, wait and delete by `Tasks`.

    tools/bench/tasks.py --peer runc --rounds 100 [--at-once 10]

The executor is ours, in this process, below one monitor a container; both run /bin/true with runc's default config,
each container of ours with one of its own (its name, its cgroup). State is on a tmpfs, as /run is on a real host. With
--at-once: how many in a second when so many are under way; the CPU time is that of this process alone. Needs root.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tiffin.shim.runtimes.in_process import Executor, InProcess
from tiffin.shim.runtimes.options import RuntimeOptions
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.tasks import Tasks
from tiffin.shim.tasks.values import CreateTask

MEMORY = Path("/dev/shm")
FOLDERS = ("bin", "dev", "etc", "proc", "sys", "tmp")
PARENT = f"tiffin-bench-{os.getpid()}"  # of the containers' cgroups
Parts = dict[str, list[float]]


class Place:
    """A folder on a tmpfs with one rootfs, a bundle for the peer, and a bundle for each container of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bundle = folder / "bundle"
        for part in FOLDERS:
            (self.bundle / "rootfs" / part).mkdir(parents=True)
        shutil.copy("/bin/busybox", self.bundle / "rootfs/bin/busybox")
        (self.bundle / "rootfs/bin/true").symlink_to("busybox")
        subprocess.run(["runc", "spec", "--bundle", str(self.bundle)], check=True)
        path = self.bundle / "config.json"
        self._config: dict[str, Any] = json.loads(path.read_text())
        self._config["process"] |= {"terminal": False, "args": ["/bin/true"]}
        path.write_text(json.dumps(self._config))

    def request(self, name: str) -> CreateTask:
        """A task with a bundle of its own."""
        bundle = self.folder / name
        bundle.mkdir()
        config = self._config | {
            "hostname": name,
            "root": {"path": str(self.bundle / "rootfs"), "readonly": True},
            "linux": self._config["linux"] | {"cgroupsPath": f"/{PARENT}/{name}"},
        }
        (bundle / "config.json").write_text(json.dumps(config))
        return CreateTask(name, str(bundle), stdio=Stdio(), options=RuntimeOptions())

    def peer(self, program: str) -> float:
        """`PEER run` once; wall seconds."""
        words = [program, "--root", str(self.folder / "peer"), "run", "--bundle", str(self.bundle)]
        words.append(f"peer-{os.getpid()}")
        begin = time.perf_counter()
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
        return time.perf_counter() - begin


@contextmanager
def workplace() -> Iterator[Place]:
    """Removed at the end, with the cgroups."""
    with tempfile.TemporaryDirectory(prefix="tiffin-tasks-", dir=MEMORY) as name:
        yield Place(Path(name))
    for path in Path("/sys/fs/cgroup").glob(f"*/{PARENT}"):
        path.rmdir()


async def live(tasks: Tasks, request: CreateTask, parts: Parts) -> None:
    """One task from its creation to its deletion; adds how long each part took."""
    times = [time.perf_counter()]
    for step in (
        tasks.create(request),
        tasks.start(request.id),
        tasks.wait(request.id),
        tasks.delete(request.id),
    ):
        await step
        times.append(time.perf_counter())
    for name, begin, end in zip(("create", "start", "wait", "delete"), times, times[1:], strict=False):
        parts[name].append(end - begin)
    parts["all of it"].append(times[-1] - times[0])


async def one_by_one(place: Place, tasks: Tasks, peer: str, rounds: int) -> None:
    """Prints medians, and the fastest, which other work on the machine disturbs least."""
    parts: Parts = defaultdict(list)
    await live(tasks, place.request("first"), defaultdict(list))
    for number in range(rounds):
        await live(tasks, place.request(f"c{number}"), parts)
        parts["the peer's run"].append(place.peer(peer))
    print(f"{'':16} {'median ms':>10} {'fastest ms':>10}")
    for name, taken in parts.items():
        print(f"{name:16} {statistics.median(taken) * 1000:10.2f} {min(taken) * 1000:10.2f}")
    ours, theirs = (statistics.median(parts[name]) for name in ("all of it", "the peer's run"))
    print(f"{'ratio':16} {ours / theirs:10.2f}")


async def many(place: Place, tasks: Tasks, at_once: int, rounds: int) -> None:
    """Prints how many live in a second."""
    places = asyncio.Semaphore(at_once)
    requests = [place.request(f"c{number}") for number in range(rounds)]

    async def one(request: CreateTask) -> None:
        async with places:
            await live(tasks, request, defaultdict(list))

    await live(tasks, place.request("first"), defaultdict(list))
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*map(one, requests))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{at_once} at once: {rounds / wall:.0f} a second, {cpu / rounds * 1000:.1f} ms of this process each"
    )


async def measure(place: Place, options: argparse.Namespace, peer: str) -> None:
    with Executor(str(place.folder / "state")) as executor:
        tasks = Tasks(
            lambda _: None, lambda wanted: InProcess(executor, wanted, namespace="bench"), namespace="bench"
        )
        if options.at_once:
            await many(place, tasks, options.at_once, options.rounds)
        else:
            await one_by_one(place, tasks, peer, options.rounds)
        await tasks.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", default="runc")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--at-once", type=int, default=0, help="this many tasks are under way, and no peer")
    options = parser.parse_args()
    peer = shutil.which(options.peer)
    if peer is None:
        parser.error(f"--peer: no such program: {options.peer}")
    with workplace() as place:
        asyncio.run(measure(place, options, peer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
