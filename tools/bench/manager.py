#!/usr/bin/env python3
"""Times tiffind against containerd with runc, through the same gRPC calls, alternating; ratios of medians.

    tools/bench/manager.py [life rate exec list memory] [--rounds 30] [--work DIR] [--only NAME]

life    create + start + wait + delete of a container of /bin/true, and the container's record
rate    the same by ten clients at a time: containers per second
exec    exec + start + wait + delete of a process of /bin/true in a running container
list    1,000 containers
memory  PSS of the daemon and all its shims and monitors, with 50 running containers

As root, with Debian's containerd and runc, and busybox-static. Both daemons are the bench's own.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.bench.daemons.calls import Caller, busybox_spec  # noqa: E402  # the path comes first
from tools.bench.daemons.daemon import RUNTIMES, Daemon, proportional_set_size, running  # noqa: E402

CLIENTS = 10
MANY = 1000
RUNNING = 50
KILO = 1024


def alternating(callers: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call, in turn; the first of each is not counted."""
    took: dict[str, list[float]] = {name: [] for name in callers}
    for number in range(rounds + 1):
        for name, call in callers.items():
            begin = time.perf_counter()
            call()
            if number:
                took[name].append((time.perf_counter() - begin) * 1e3)
    return took


def report(what: str, took: dict[str, list[float]], unit: str = "ms") -> None:
    """A row: medians, spread, and the ratio of the first to the others."""
    medians = {name: statistics.median(values) for name, values in took.items()}
    first = medians.get("tiffind")
    for name, values in took.items():
        ratio = f"  tiffind is {first / medians[name]:.2f} of it" if first and name != "tiffind" else ""
        spread = f"min {min(values):8.1f}  max {max(values):8.1f}"
        print(f"{what:7} {name:11} {medians[name]:8.1f} {unit}  {spread}{ratio}", flush=True)


def life(callers: dict[str, Caller], rounds: int) -> None:
    report("life", alternating({name: caller.life for name, caller in callers.items()}, rounds))


def rate(callers: dict[str, Caller], rounds: int) -> None:
    """Every client does a tenth of the rounds, but at least two."""
    each = max(2, rounds // CLIENTS)
    found: dict[str, list[float]] = {}
    with ThreadPoolExecutor(CLIENTS) as pool:
        for name, caller in list(callers.items()) * 2:
            begin = time.perf_counter()
            list(pool.map(caller.lives, [each] * CLIENTS))
            found.setdefault(name, []).append(CLIENTS * each / (time.perf_counter() - begin))
    report("rate", found, "per s")


def execute(callers: dict[str, Caller], rounds: int) -> None:
    with ExitStack() as stack:
        calls: dict[str, Callable[[], object]] = {}
        for name, caller in callers.items():
            container = caller.make("sleep", "1000")
            caller.start(container)
            stack.callback(caller.kill, container)
            calls[name] = partial(caller.execute, container)
        report("exec", alternating(calls, rounds))


def listing(callers: dict[str, Caller], rounds: int) -> None:
    made = {name: [caller.make("true") for _ in range(MANY)] for name, caller in callers.items()}
    report("list", alternating({name: caller.list for name, caller in callers.items()}, rounds))
    for name, caller in callers.items():
        for container in made[name]:
            caller.forget(container)


def memory(callers: dict[str, Caller], daemons: Sequence[Daemon]) -> None:
    """With all else at rest."""
    found: dict[str, list[float]] = {}
    for daemon in daemons:
        caller = callers[daemon.name]
        made = [caller.make("sleep", "1000") for _ in range(RUNNING)]
        for container in made:
            caller.start(container)
        sizes = [proportional_set_size(pid) for pid in daemon.processes()]
        others = f"{len(sizes) - 1} others {sum(sizes[1:]) / KILO:.1f} MB"
        print(f"memory  {daemon.name:11} daemon {sizes[0] / KILO:.1f} MB, {others}")
        found[daemon.name] = [sum(sizes) / KILO]
        for container in made:
            caller.kill(container)
    report("memory", found, "MB")


ROWS: dict[str, Callable[[dict[str, Caller], int], None]] = {
    "life": life,
    "rate": rate,
    "exec": execute,
    "list": listing,
}


def main() -> None:
    """Prints a row for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS, "memory"])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--work", type=Path, default=Path("/tmp/tiffin-bench-manager"))
    parser.add_argument("--only", choices=RUNTIMES, help="measure only one of them")
    options = parser.parse_args()
    wanted = options.rows or [*ROWS, "memory"]
    shutil.rmtree(options.work, ignore_errors=True)
    names = [options.only] if options.only else list(reversed(RUNTIMES))
    options.work.mkdir(parents=True)
    spec = busybox_spec(options.work)
    with ExitStack() as stack:
        daemons = [stack.enter_context(running(name, options.work / name)) for name in names]
        callers = {daemon.name: Caller(daemon, spec) for daemon in daemons}
        for caller in callers.values():
            stack.callback(caller.close)
        for row in wanted:
            if row == "memory":
                memory(callers, daemons)
            else:
                ROWS[row](callers, options.rounds)


if __name__ == "__main__":
    main()
