#!/usr/bin/env python3
"""How soon a tiffind that was killed is ready again: 1,000 containers, 10,000 snapshots, 200 tasks that run.

    .venv/bin/python tools/bench/restart.py [--starts 5] [--tasks 200] [--containers 1000] [--shim] [--phases]

Seconds from its start to READY=1, the best and the median, and what the best had of a CPU. --shim: the tasks run on
shims of ours, ten on each, in place of tiffind's own process. --phases: what the last start did when, as its log says.
As root, with busybox-static.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import sys
import uuid
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

from packages.manager.tests.daemon.large_store import make_large_store  # noqa: E402  # the path comes first
from packages.manager.tests.tasks.peers import KINDS  # noqa: E402
from packages.manager.tests.tiffind import Tiffind, short_folder  # noqa: E402

from tiffin.manager.client.client import Client  # noqa: E402
from tiffin_testing.bundle import default_config  # noqa: E402
from tiffin_testing.cgroups import CgroupParent  # noqa: E402
from tiffin_testing.rootfs import make_rootfs  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACE = "bench"
AT_ONCE = 10
GROUP = "io.containerd.runc.v2.group"


def spec_of(name: str, rootfs: Path, cgroups: CgroupParent, group: str) -> dict[str, Any]:
    """Of a container that sleeps."""
    config = default_config(["sleep", "100000"])
    config["root"] = {"path": str(rootfs), "readonly": True}
    config["linux"]["cgroupsPath"] = cgroups.path_for(name)
    config["annotations"] = {GROUP: group}
    return config


async def run_tasks(daemon: Tiffind, runtime: str, specs: dict[str, dict[str, Any]]) -> None:
    """Starts all, some at a time."""
    waiting = iter(specs.items())

    async def some(client: Client) -> None:
        for name, spec in waiting:
            container = await client.containers.create(name, spec, runtime=runtime)
            await (await container.create_task()).start()

    async with Client.connect(daemon.address, NAMESPACE) as client:
        await asyncio.gather(*(some(client) for _ in range(AT_ONCE)))


async def end_tasks(daemon: Tiffind) -> int:
    """Ends all; how many there were."""
    async with Client.connect(daemon.address, NAMESPACE) as client:
        tasks = await client.containers.tasks()
        for task in tasks.values():
            await task.kill(signal.SIGKILL)
            await task.wait()
            await task.delete()
    return len(tasks)


@contextmanager
def filled(options: argparse.Namespace) -> Iterator[Tiffind]:
    """One that runs, with all its tasks."""
    cgroups = CgroupParent()
    with short_folder("/var/tmp") as folder, Tiffind(folder, '[debug]\nlevel = "debug"\n') as daemon:
        if options.containers:
            make_large_store(folder / "root", options.containers)
        rootfs = make_rootfs(folder / "rootfs")
        names = [f"t{number}-{uuid.uuid4().hex[:6]}" for number in range(options.tasks)]
        specs = {name: spec_of(name, rootfs, cgroups, f"g{place // 10}") for place, name in enumerate(names)}
        daemon.start()
        asyncio.run(run_tasks(daemon, KINDS["tiffin-shim" if options.shim else "tiffin"].runtime, specs))
        try:
            yield daemon
        finally:
            if asyncio.run(end_tasks(daemon)) != options.tasks:
                print("some tasks were lost", file=sys.stderr)
            daemon.stop()
            cgroups.remove()


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, all of its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def phases(text: str) -> None:
    """The lines of the log since the last start, with the seconds since it."""
    lines = text[text.rindex("starting tiffind") - 80 :].splitlines()[1:]
    began: datetime | None = None
    for line in lines:
        at = datetime.fromisoformat(line.split('"')[1])
        began = began or at
        print(f"  {(at - began).total_seconds():7.3f}  {line.partition(' ')[2][:110]}")


def main() -> None:
    """Prints a row."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--containers", type=int, default=1000, help="with ten snapshots each")
    parser.add_argument("--shim", action="store_true")
    parser.add_argument("--phases", action="store_true")
    options = parser.parse_args()
    with filled(options) as daemon:
        took = []
        for _ in range(options.starts):
            daemon.signal(signal.SIGKILL)
            daemon.wait()
            began = perf_counter()
            daemon.start()
            took.append((perf_counter() - began, cpu_seconds(daemon.pid)))
        if options.phases:
            phases(daemon.text)
    what = f"{options.containers} containers, {options.tasks} tasks{' on shims' if options.shim else ''}"
    best, cpu = min(took)
    median = statistics.median(seconds for seconds, _ in took)
    print(f"{what}: ready in {best:.2f} s at best ({cpu:.2f} s of a CPU), {median:.2f} s the median")


if __name__ == "__main__":
    main()
