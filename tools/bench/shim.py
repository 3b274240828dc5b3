#!/usr/bin/env python3
"""Times our shim against containerd's own, below the same containerd, alternating; medians, and ratios of them.

    tools/bench/shim.py [start life exec memory] [--rounds 30] [--work DIR]

start   the command `start`; the same until the shim has answered its first call; the command `delete` after its end
life    create + start + wait + delete of a container of /bin/true, and the container's record
exec    exec + start + wait + delete of a process of /bin/true in a running container
memory  PSS of the shims and all that belongs to them, for each of 20 running containers

As root, with Debian's containerd and runc, and busybox-static. The real shim's runtime is runc; ours is its own.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools.bench.daemons.calls import Caller, busybox_spec  # noqa: E402
from tools.bench.daemons.daemon import Daemon, proportional_set_size, running  # noqa: E402
from tools.bench.manager import alternating  # noqa: E402

from tiffin.api.containerd.runtime.task.v2 import shim_pb2  # noqa: E402  # the path comes first
from tiffin.ttrpc import BlockingClient, Raw, RpcError  # noqa: E402

NAMES = ("tiffin", "runc")
TASK = "containerd.task.v2.Task"
RUNNING = 20
KILO = 1024
SECONDS = 30.0


def report(what: str, took: Mapping[str, Sequence[float]], unit: str) -> None:
    """A row for each shim: median, least, and what part of the real one's ours is."""
    medians = {name: sorted(values)[len(values) // 2] for name, values in took.items()}
    for name, values in took.items():
        ratio = f"  {medians['tiffin'] / medians['runc']:.2f} of the real one" if name == "tiffin" else ""
        print(f"{what:7} {name:7} {medians[name]:8.1f} {unit}  min {min(values):8.1f}{ratio}", flush=True)


def one_start(daemon: Daemon, folder: Path, name: str) -> tuple[float, float, float]:
    """Milliseconds of `start`, of that and a first answer, and of `delete`."""
    bundle = folder / "start" / os.urandom(6).hex()
    bundle.mkdir(parents=True)
    (bundle / "config.json").write_text("{}")
    (bundle / "runtime").write_text("runc")  # files that the real one reads
    (bundle / "options.json").write_text("{}")
    os.mkfifo(bundle / "log")
    words = [f"containerd-shim-{name}-v2", "-namespace", "bench", "-id", bundle.name]
    words += ["-address", f"{daemon.folder}/socket"]
    call: Callable[..., Any] = partial(
        subprocess.run, cwd=bundle, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
        check=True, env={**os.environ, "TTRPC_ADDRESS": f"{daemon.folder}/socket.ttrpc"},
    )  # fmt: skip
    log = os.open(bundle / "log", os.O_RDONLY | os.O_NONBLOCK)
    begin = perf_counter()
    address = call([*words, "start"]).stdout.decode()
    started = perf_counter() - begin
    with BlockingClient(address, timeout=SECONDS) as client:
        client.call(TASK, "Connect", shim_pb2.ConnectRequest(id="x"), Raw, timeout=SECONDS)
        answered = perf_counter() - begin
        with contextlib.suppress(RpcError):  # the real one may be gone before it has answered
            client.call(TASK, "Shutdown", shim_pb2.ShutdownRequest(id="x"), Raw, timeout=SECONDS)
            client.call(TASK, "Connect", shim_pb2.ConnectRequest(id="x"), Raw, timeout=SECONDS)
    begin = perf_counter()
    call([*words, "-bundle", str(bundle), "delete"])
    deleted = perf_counter() - begin
    os.close(log)
    return started * 1e3, answered * 1e3, deleted * 1e3


def bench_start(daemon: Daemon, folder: Path, rounds: int) -> None:
    took: dict[str, list[tuple[float, float, float]]] = {name: [] for name in NAMES}
    for number in range(rounds + 1):
        for name in NAMES:
            found = one_start(daemon, folder, name)
            if number:  # the first one makes the template
                took[name].append(found)
    for index, what in enumerate(("start", "answer", "delete")):
        report(what, {name: [one[index] for one in values] for name, values in took.items()}, "ms")


def bench_life(callers: dict[str, Caller], rounds: int) -> None:
    report("life", alternating({name: caller.life for name, caller in callers.items()}, rounds), "ms")


def bench_exec(callers: dict[str, Caller], rounds: int) -> None:
    names = {name: caller.make("sleep", "100000") for name, caller in callers.items()}
    for name, caller in callers.items():
        caller.start(names[name])
    calls: dict[str, Callable[[], object]] = {
        name: partial(caller.execute, names[name]) for name, caller in callers.items()
    }
    report("exec", alternating(calls, rounds), "ms")
    for name, caller in callers.items():
        caller.kill(names[name])


def bench_memory(callers: dict[str, Caller], daemon: Daemon) -> None:
    taken = {}
    for name, caller in callers.items():
        containers = [caller.make("sleep", "100000") for _ in range(RUNNING)]
        for each in containers:
            caller.start(each)
        shims = [pid for pid in daemon.processes() if pid != daemon.pid]
        taken[name] = [sum(map(proportional_set_size, shims)) / KILO / RUNNING]
        for each in containers:
            caller.kill(each)
    report("memory", taken, "MB")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", default=["start", "life", "exec", "memory"])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--work", type=Path, default=Path("/tmp/tiffin-bench-shim"))
    options = parser.parse_args(argv)
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    options.work.mkdir(parents=True)
    try:
        with ExitStack() as stack:
            spec = busybox_spec(options.work)
            daemon = stack.enter_context(running("containerd", options.work / "containerd"))
            callers = {
                name: Caller(daemon._replace(runtime=f"io.containerd.{name}.v2"), spec) for name in NAMES
            }
            for caller in callers.values():
                stack.callback(caller.close)
            benches: dict[str, Callable[[], None]] = {
                "start": partial(bench_start, daemon, options.work, options.rounds),
                "life": partial(bench_life, callers, options.rounds),
                "exec": partial(bench_exec, callers, options.rounds),
                "memory": partial(bench_memory, callers, daemon),
            }
            for what in options.what:
                benches[what]()
    finally:
        shutil.rmtree(options.work, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
