#!/usr/bin/env python3
"""Times pulling and unpacking an image from a registry against containerd and podman, alternating; ratios of medians.

    tools/bench/pull.py LAYOUT [--tag latest] [--rounds 5] [--work DIR] [--before SOURCES]

As root, with docker-registry, skopeo, containerd and podman. The layout is put into a registry on 127.0.0.1; every
round begins with empty stores, and containerd with a new daemon, so that its peak memory is that of one pull. Wall
seconds of whole commands; peak memory in MB (of containerd: its daemon's and the command's). With --before the same is
timed with other sources of ours: the folder packages/image/src of another commit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

REGISTRY = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: {address}}}
"""
CONTAINERD = """
version = 2
root = "{root}/root"
state = "{root}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
  address = "{root}/socket"
"""
WAIT = 20.0
KILO = 1024


class Figure(NamedTuple):
    """wall: seconds. memory: MB at the peak."""

    wall: float
    memory: float


def timed(*argv: str) -> Figure:
    """Runs a command. Raises CalledProcessError if it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = child.stderr.read() if child.stderr else b""
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    if status:
        sys.stderr.write(error.decode())
        raise subprocess.CalledProcessError(status, argv, stderr=error)
    return Figure(wall, usage.ru_maxrss / KILO)


def wait_for(address: str | Path) -> None:
    """Waits until something listens at a port of 127.0.0.1, or at a socket."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        family = socket.AF_UNIX if isinstance(address, Path) else socket.AF_INET
        with socket.socket(family) as client:
            place = str(address) if isinstance(address, Path) else ("127.0.0.1", int(address.split(":")[1]))
            if client.connect_ex(place) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens at {address}")


@contextmanager
def running(*argv: str) -> Iterator[subprocess.Popen[bytes]]:
    """A daemon, as long as the block."""
    daemon = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield daemon
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait()


def ours(work: Path, name: str) -> Figure:
    """One pull by this checkout."""
    command = str(Path(sys.executable).with_name("tiffin-image"))
    return timed("env", f"TIFFIN_ROOT={work}", command, "pull", "--quiet", name)


def before(sources: str) -> Callable[[Path, str], Figure]:
    """The same with other sources."""
    command = "from tiffin.image.command.main import main; main()"

    def run(work: Path, name: str) -> Figure:
        environment = ("env", f"TIFFIN_ROOT={work}", f"PYTHONPATH={sources}")
        return timed(*environment, sys.executable, "-c", command, "pull", "--quiet", name)

    return run


def podman(work: Path, name: str) -> Figure:
    """One pull by podman."""
    store = ("--root", f"{work}/root", "--runroot", f"{work}/run", "--storage-driver", "overlay")
    return timed("podman", *store, "pull", "--quiet", "--tls-verify=false", name)


def containerd(work: Path, name: str) -> Figure:
    """One pull by containerd, with a daemon of its own."""
    config = work / "config.toml"
    config.write_text(CONTAINERD.format(root=work))
    with running("containerd", "--config", str(config)) as daemon:
        wait_for(work / "socket")
        ctr = ("ctr", "--address", f"{work}/socket")
        figure = timed(*ctr, "images", "pull", "--plain-http", name)
        status = Path(f"/proc/{daemon.pid}/status").read_text()
        peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return Figure(figure.wall, figure.memory + peak / KILO)


PULLERS = {"ours": ours, "containerd": containerd, "podman": podman}


def main() -> None:
    """Prints a row for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("layout")
    parser.add_argument("--tag", default="latest")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, default=Path("/tmp/tiffin-bench-pull"))
    parser.add_argument("--before", default="")
    options = parser.parse_args()
    pullers: dict[str, Callable[[Path, str], Figure]] = dict(PULLERS)
    if options.before:
        pullers["before"] = before(options.before)
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = options.work / "registry.yml"
    config.write_text(REGISTRY.format(root=options.work / "registry", address=address))
    figures: dict[str, list[Figure]] = {name: [] for name in pullers}
    with running("docker-registry", "serve", str(config)):
        wait_for(address)
        image = f"{address}/bench:latest"
        source = f"oci:{options.layout}:{options.tag}"
        timed("skopeo", "copy", "--dest-tls-verify=false", source, f"docker://{image}")
        for number in range(options.rounds):
            for name, pull in pullers.items():
                place = options.work / f"{name}-{number}"
                place.mkdir()
                os.sync()
                figures[name].append(pull(place, image))
    shutil.rmtree(options.work)  # not before: ext4 is slow to make files where some were removed just now
    base = statistics.median(one.wall for one in figures["ours"])
    best = min(one.wall for one in figures["ours"])
    for name, found in figures.items():
        walls = [one.wall for one in found]
        memory = statistics.median(one.memory for one in found)
        middle = statistics.median(walls)
        spread = f"min {min(walls):5.2f}  max {max(walls):5.2f}"
        ratios = f"ours is {base / middle:.2f} of its time, {best / min(walls):.2f} of its best"
        print(f"{name:11} {middle:5.2f} s  {spread}  {memory:5.0f} MB  {ratios}")


if __name__ == "__main__":
    main()
