#!/usr/bin/env python3
"""Times unpacking an OCI layout against `umoci unpack` and `ctr images import`, alternating; ratios of medians.

    tools/bench/unpack.py LAYOUT [--tag latest] [--rounds 5] [--work /tmp] [--before SOURCES]

As root, with umoci and (for containerd) a running daemon whose socket is --address, with nothing in it; without it
containerd is left out. Wall seconds of whole processes. The figure of containerd has reading the archive in it.
`ours` makes one tree, as umoci does; `ours, store` makes snapshots in a new store, and has all on the disk at its end.
With --before the same is timed with other sources of ours: the folder packages/image/src of another commit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

Run = Callable[[str, str, Path], float]
OURS = """
import sys
from contextlib import ExitStack
from tiffin.image.transports import open_image
from tiffin.image.unpack import unpack
with ExitStack() as stack:
    unpack(open_image(sys.argv[1], stack), sys.argv[2])
"""


STORE = """
import sys
from contextlib import ExitStack
from tiffin.image.store.store import Store
from tiffin.image.store.unpacking import unpack_image
from tiffin.image.transports import open_image
with ExitStack() as stack:
    unpack_image(stack.enter_context(Store(sys.argv[2]).leased()), open_image(sys.argv[1], stack))
"""


def timed(*argv: str) -> float:
    """Runs a command; its wall seconds. Raises CalledProcessError if it fails."""
    os.sync()  # else the writing of what came before is counted
    start = time.perf_counter()
    subprocess.run(argv, check=True, capture_output=True)
    return time.perf_counter() - start


def ours(layout: str, tag: str, target: Path) -> float:
    """One unpacking by this checkout."""
    target.mkdir()
    return timed(sys.executable, "-c", OURS, f"{layout}:{tag}", str(target))


def ours_to_store(layout: str, tag: str, target: Path) -> float:
    """One unpacking into a new store."""
    return timed(sys.executable, "-c", STORE, f"{layout}:{tag}", str(target))


def before(sources: str, script: str) -> Run:
    """The same with other sources."""

    def run(layout: str, tag: str, target: Path) -> float:
        if script is OURS:
            target.mkdir()
        command = (sys.executable, "-c", script, f"{layout}:{tag}", str(target))
        return timed("env", f"PYTHONPATH={sources}", *command)

    return run


def umoci(layout: str, tag: str, target: Path) -> float:
    """One unpacking by umoci."""
    return timed("umoci", "unpack", "--image", f"{layout}:{tag}", str(target))


def containerd(archive: Path, address: str, namespace: str) -> float:
    """One import with unpacking by containerd, in a namespace of its own; after the first one the blobs are there."""
    ctr = ("ctr", "--address", address, "--namespace", namespace)
    return timed(*ctr, "images", "import", "--base-name", "bench", str(archive))


def main() -> None:
    """Prints a row for each tool."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("layout")
    parser.add_argument("--tag", default="latest")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("/tmp"))
    parser.add_argument("--address", default="")
    parser.add_argument("--before", default="")
    options = parser.parse_args()
    runs: dict[str, Run] = {"ours": ours, "ours, store": ours_to_store, "umoci": umoci}
    if options.before:
        runs["before"] = before(options.before, OURS)
        runs["before, store"] = before(options.before, STORE)
    archive = options.work / "bench-unpack.tar"
    subprocess.run(["tar", "-cf", archive, "-C", options.layout, "."], check=True)
    times: dict[str, list[float]] = {name: [] for name in (*runs, "containerd")}
    places = options.work / "bench-unpack"
    shutil.rmtree(places, ignore_errors=True)
    places.mkdir()
    for number in range(options.rounds):
        for name, run in runs.items():
            times[name].append(run(options.layout, options.tag, places / f"{name}-{number}"))
        if options.address:
            times["containerd"].append(containerd(archive, options.address, f"bench{number}"))
    shutil.rmtree(places)  # not before: ext4 is slow to make files where some were removed just now
    archive.unlink()
    for name, values in times.items():
        if values:
            base = times["ours, store" if name.endswith("store") else "ours"]
            ratio = statistics.median(base) / statistics.median(values)
            best = min(base) / min(values)
            spread = (
                f"median {statistics.median(values):6.2f} s  min {min(values):6.2f}  max {max(values):6.2f}"
            )
            print(f"{name:13} {spread}  ours is {ratio:.2f} of it, {best:.2f} of its best")


if __name__ == "__main__":
    main()
