#!/usr/bin/env python3
"""What an idle tiffind costs: how soon it is ready, what it has in memory, and which imports that comes from.

    .venv/bin/python tools/bench/idle_daemon.py [STARTS]     how many starts each row is the best of (5)

Beside it Debian's containerd, where it is installed. `private` is what nobody shares; `PSS` counts a library's pages in
parts where other processes have them too: run it while no other Python does.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]

from packages.manager.tests.daemon.large_store import make_large_store  # noqa: E402  # the path comes first
from packages.manager.tests.tiffind import Tiffind, short_folder  # noqa: E402

from tiffin_testing.containerd import running_containerd  # noqa: E402

STAGES = (
    "asyncio",
    "sqlite3",
    "google.protobuf.descriptor_pool",
    "grpc.aio",
    "tiffin.manager.config.loading",
)
IMPORTING = """
import importlib, sys, time
def anon():
    rows = dict(line.split(":") for line in open("/proc/self/smaps_rollup") if " kB" in line)
    return [int(rows[name].split()[0]) / 1024 for name in ("Pss_Anon", "Rss")]
before = anon(); print("interpreter", *before, 0.0)
for name in sys.argv[1:]:
    began = time.perf_counter(); importlib.import_module(name); seconds = time.perf_counter() - began
    after = anon(); print(name, *(new - old for new, old in zip(after, before)), seconds * 1000); before = after
"""


def memory(pid: int) -> str:
    """As the rows show it, in megabytes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    rows = {name: int(size) / 1024 for name, size in re.findall(r"(\w+): +(\d+) kB", text)}
    return f"{rows['Pss_Anon']:6.1f} private {rows['Pss']:6.1f} PSS {rows['Rss']:6.1f} RSS"


def starts(name: str, count: int, images: int) -> None:
    """Rows of tiffind."""
    best, shown = float("inf"), ""
    for _ in range(count):
        with short_folder("/dev/shm") as folder, Tiffind(folder) as daemon:
            if images:
                make_large_store(folder / "root", images)
            began = perf_counter()
            daemon.start()
            best = min(best, perf_counter() - began)
            shown = memory(daemon.pid)
            daemon.stop()
    print(f"{name:44} ready in {best:5.2f} s {shown} MB")


def containerd(count: int) -> None:
    """The row of the peer."""
    best, shown = float("inf"), ""
    for _ in range(count):
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="bench-", dir="/dev/shm"))
            stack.callback(shutil.rmtree, folder)
            began = perf_counter()
            running = stack.enter_context(running_containerd(folder))
            best = min(best, perf_counter() - began)
            shown = memory(running.pid)
    print(f"{'containerd 1.6, empty':44} ready in {best:5.2f} s {shown} MB")


def imports() -> None:
    """What each library adds to an interpreter."""
    command = [sys.executable, "-c", IMPORTING, *STAGES, "tiffin.manager.daemon.daemon"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        name, private, resident, spent = line.split()
        print(
            f"  {name:42} {float(private):+6.1f} private {float(resident):+6.1f} RSS MB {float(spent):6.1f} ms"
        )


def main() -> None:
    """Prints all rows."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    starts("tiffind, empty", count, 0)
    starts("tiffind, 1,000 containers, 10,000 snapshots", count, 1000)
    if shutil.which("containerd"):
        containerd(count)
    print("imports, one after the other:")
    imports()


if __name__ == "__main__":
    main()
