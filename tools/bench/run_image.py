#!/usr/bin/env python3
"""Times `tiffin run IMAGE true` against `podman run`, with the image present, alternating; ratio of medians.

    tools/bench/run_image.py LAYOUT [--tag latest] [--rounds 20] [--tiffin PROGRAM] [--work DIR]

As root, with podman, runc and skopeo. Wall seconds of whole commands with --rm and --network=none. podman calls runc:
crun refuses hosts with both versions of cgroups. An editable install starts slower than one from wheels; --tiffin
says which.
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

NAME = "127.0.0.1/bench:latest"
LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000")  # podman's own need CAP_SYS_RESOURCE


def timed(*argv: str) -> float:
    """Runs a command; its wall seconds. Raises CalledProcessError if it fails."""
    start = time.perf_counter()
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    """Prints a row for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("layout")
    parser.add_argument("--tag", default="latest")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--tiffin", default=str(Path(sys.executable).with_name("tiffin")))
    parser.add_argument("--work", type=Path, default=Path("/tmp/tiffin-bench-run"))
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    os.environ["TIFFIN_ROOT"] = str(options.work / "tiffin")
    store = (f"--root={options.work}/root", f"--runroot={options.work}/run", "--storage-driver=overlay")
    podman = ("podman", f"--runtime={shutil.which('runc')}", *store)
    archive = options.work / "archive.tar"
    source = f"oci:{options.layout}:{options.tag}"
    subprocess.run(["skopeo", "copy", "-q", source, f"docker-archive:{archive}:{NAME}"], check=True)
    subprocess.run([*podman, "load", "-q", "-i", archive], check=True, stdout=subprocess.DEVNULL)
    image_command = str(Path(options.tiffin).with_name("tiffin-image"))
    subprocess.run([image_command, "load", "-q", "-i", archive], check=True, stdout=subprocess.DEVNULL)
    commands = {
        "tiffin run": (options.tiffin, "run", "--rm", "--network=none", NAME, "true"),
        "podman run": (*podman, "run", "--rm", "--network=none", *LIMITS, NAME, "true"),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(options.rounds + 1):
        for name, command in commands.items():
            seconds = timed(*command)
            if number:  # the first one warms caches up
                times[name].append(seconds)
    base = statistics.median(times["tiffin run"])
    for name, found in times.items():
        middle = statistics.median(found)
        spread = f"min {min(found) * 1e3:6.1f}  max {max(found) * 1e3:6.1f}"
        print(f"{name:12} {middle * 1e3:6.1f} ms  {spread}  ours is {base / middle:.2f} of it")
    subprocess.run([*podman, "rmi", "--all", "--force"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["umount", f"{options.work}/root/overlay"], check=False, stderr=subprocess.DEVNULL)
    shutil.rmtree(options.work)


if __name__ == "__main__":
    main()
