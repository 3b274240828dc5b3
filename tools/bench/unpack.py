#!/usr/bin/env python3
"""Times unpacking an OCI layout against `umoci unpack` and `ctr images import`, alternating; ratios of medians.

    tools/bench/unpack.py LAYOUT [--tag latest] [--rounds 5] [--work /tmp]

As root, with umoci and (for containerd) a running daemon whose socket is --address, with nothing in it; without it
containerd is left out. Wall seconds of whole processes. The figure of containerd has reading the archive in it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

OURS = """
import sys
from contextlib import ExitStack
from tiffin.image.transports import open_image
from tiffin.image.unpack import unpack
with ExitStack() as stack:
    unpack(open_image(sys.argv[1], stack), sys.argv[2])
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
    options = parser.parse_args()
    archive = options.work / "bench-unpack.tar"
    subprocess.run(["tar", "-cf", archive, "-C", options.layout, "."], check=True)
    times: dict[str, list[float]] = {"ours": [], "umoci": [], "containerd": []}
    places = options.work / "bench-unpack"
    shutil.rmtree(places, ignore_errors=True)
    places.mkdir()
    for number in range(options.rounds):
        for name, run in (("ours", ours), ("umoci", umoci)):
            times[name].append(run(options.layout, options.tag, places / f"{name}-{number}"))
        if options.address:
            times["containerd"].append(containerd(archive, options.address, f"bench{number}"))
    shutil.rmtree(places)  # not before: ext4 is slow to make files where some were removed just now
    archive.unlink()
    base = statistics.median(times["ours"])
    for name, values in times.items():
        if values:
            middle = statistics.median(values)
            spread = f"min {min(values):6.2f}  max {max(values):6.2f}"
            print(f"{name:11} median {middle:6.2f} s  {spread}  ours is {base / middle:.2f} of it")


if __name__ == "__main__":
    main()
