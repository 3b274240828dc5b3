#!/usr/bin/env python3
"""Times `Runtime.run` in a process that is up already against `run` of a peer, alternating; prints ratios of medians.

    tools/bench/warm.py --peer runc --rounds 200 [--profile] [--markdown]

Both run /bin/true of the same bundle (busybox, runc's default config), with their state on a tmpfs, as /run is on a
real host. The peer is a new process each time, as its callers start it; ours is a call. With --profile: how long each
operation of the plan took (from the trace of separate runs), and where the Python side spends its time.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tiffin.runtime import Runtime

MEMORY = Path("/dev/shm")
FOLDERS = ("bin", "dev", "etc", "proc", "sys", "tmp")


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder on a tmpfs with a bundle of busybox that runs /bin/true."""
    with tempfile.TemporaryDirectory(prefix="tiffin-warm-", dir=MEMORY) as name:
        folder = Path(name)
        bundle = folder / "bundle"
        for part in FOLDERS:
            (bundle / "rootfs" / part).mkdir(parents=True)
        shutil.copy("/bin/busybox", bundle / "rootfs/bin/busybox")
        (bundle / "rootfs/bin/true").symlink_to("busybox")
        subprocess.run(["runc", "spec", "--bundle", str(bundle)], check=True)
        config = json.loads((bundle / "config.json").read_text())
        config["process"] |= {"terminal": False, "args": ["/bin/true"]}
        (bundle / "config.json").write_text(json.dumps(config))
        yield folder


def run_peer(peer: str, folder: Path) -> float:
    """`PEER run` once; wall seconds. Raises RuntimeError if it fails."""
    argv = [
        peer,
        "--root",
        str(folder / "peer"),
        "run",
        "--bundle",
        str(folder / "bundle"),
        f"warm-{os.getpid()}",
    ]
    null = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0)
    actions = [null, (os.POSIX_SPAWN_DUP2, 0, 1)]
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    status = os.waitpid(pid, 0)[1]
    wall = time.perf_counter() - begin
    if status != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit status {os.waitstatus_to_exitcode(status)}")
    return wall


def run_ours(runtime: Runtime, config: dict[str, Any], bundle: Path) -> float:
    """`Runtime.run` once; wall seconds. Raises RuntimeError if it fails."""
    begin = time.perf_counter()
    result = runtime.run(config, bundle=bundle)
    wall = time.perf_counter() - begin
    if result.exit_code != 0:
        raise RuntimeError(f"exit code {result.exit_code}: {result.stderr!r}")
    return wall


def compare(peer: str, rounds: int, folder: Path) -> tuple[list[float], list[float]]:
    """Wall seconds of ours and of the peer's, taken in turn; the first of each is not counted."""
    config = json.loads((folder / "bundle/config.json").read_text())
    ours, theirs = [], []
    with Runtime(folder / "ours") as runtime:
        for _ in range(rounds + 1):
            ours.append(run_ours(runtime, config, folder / "bundle"))
            theirs.append(run_peer(peer, folder))
    return ours[1:], theirs[1:]


def report(ours: list[float], theirs: list[float], peer: str, *, markdown: bool) -> None:
    """Medians; and the fastest of each, which other work on the machine disturbs least."""
    form: Callable[..., str] = ("| {} | {} | {} | {} |" if markdown else "{:32} {:>8} {:>8} {:>7}").format
    print(form("warm", "ours ms", "peer ms", "ratio"))
    if markdown:
        print("|---|---|---|---|")
    for name, pick in (("median", statistics.median), ("fastest", min)):
        mine, other = pick(ours) * 1000, pick(theirs) * 1000
        print(form(f"Runtime.run, {peer} run, {name}", f"{mine:.2f}", f"{other:.2f}", f"{mine / other:.3f}"))


def profile(rounds: int, folder: Path) -> None:
    """Prints the operations by their median, and the Python functions by their own time."""
    config = json.loads((folder / "bundle/config.json").read_text())
    trace = folder / "trace"
    with Runtime(folder / "ours", trace=trace) as runtime:
        for _ in range(rounds):
            run_ours(runtime, config, folder / "bundle")
    print_operations(trace, rounds)
    with Runtime(folder / "ours") as runtime:
        run_ours(runtime, config, folder / "bundle")
        profiler = cProfile.Profile()
        profiler.enable()
        for _ in range(rounds):
            run_ours(runtime, config, folder / "bundle")
        profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def print_operations(trace: Path, rounds: int) -> None:
    """The median time of each operation of the plan, the longest first, in microseconds."""
    times: dict[str, list[float]] = defaultdict(list)
    for line in trace.read_text().splitlines():
        record = json.loads(line)
        name = f"{record['step']}: {record['operation']} {record['where']} #{record['index']}"
        times[name].append(record["duration_us"])
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    print(f"{len(medians)} operations, {sum(medians.values()):.0f} us (sum of medians, {rounds} runs)")
    for name, median in sorted(medians.items(), key=lambda item: -item[1]):
        print(f"{median:8.1f}  {name}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", default="runc")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--profile", action="store_true", help="where the time goes, instead of the ratio")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    peer = shutil.which(options.peer)
    if peer is None:
        parser.error(f"--peer: no such program: {options.peer}")
    with workplace() as folder:
        if options.profile:
            profile(options.rounds, folder)
        else:
            ours, theirs = compare(peer, options.rounds, folder)
            report(ours, theirs, Path(options.peer).name, markdown=options.markdown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
