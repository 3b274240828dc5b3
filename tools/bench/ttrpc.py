#!/usr/bin/env python3
"""How quick ttrpc is: our client with the Go server of containerd's shim, and with ours. Prints figures, never fails.

    tools/bench/ttrpc.py [CALLS]     how many calls each row makes (20000)

Server and client are processes of their own. The shim's row needs root and Debian's containerd. `memory` is what the
processes have resident after all that; in ours there is no protobuf.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "packages/ttrpc/src"), str(ROOT / "packages/api/src"), str(ROOT)]

from tiffin.ttrpc import BlockingClient, Client, Raw  # noqa: E402  # the path comes first

TASK = "containerd.task.v2.Task"
SERVER = f"""
import asyncio, sys
sys.path.insert(0, {str(ROOT / "packages/ttrpc/src")!r})
from tiffin.ttrpc import Raw, Server, unary

async def connect(request, context):
    return Raw(b"\\x08\\x01")

async def main():
    async with Server({{"{TASK}": {{"Connect": unary(Raw, Raw, connect)}}}}) as server:
        await server.listen(sys.argv[1])
        print("ready", flush=True)
        await server.wait_closed()

asyncio.run(main())
"""
IMPORTS = (
    "tiffin.ttrpc.blocking",
    "asyncio",
    "tiffin.ttrpc.client",
    "tiffin.ttrpc.server",
    "google.protobuf.message",
)


def resident(pid: int) -> int:
    """Kilobytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


async def many(client: Client, count: int, at_once: int) -> list[float]:
    """Seconds that each call took."""
    took = []

    async def some() -> None:
        for _ in range(count // at_once):
            start = perf_counter()
            await client.call(TASK, "Connect", Raw(), Raw, timeout=60)
            took.append(perf_counter() - start)

    await asyncio.gather(*(some() for _ in range(at_once)))
    return sorted(took)


async def measure(name: str, address: str, pid: int, count: int) -> None:
    async with await Client.connect(address) as client:
        await many(client, count // 10, 10)
        for at_once in (1, 10, 100):
            start = perf_counter()
            took = await many(client, count, at_once)
            rate = len(took) / (perf_counter() - start)
            middle, late = took[len(took) // 2] * 1e6, took[len(took) * 99 // 100] * 1e6
            print(f"{name:24}{at_once:4} at once{rate:9.0f} calls/s{middle:9.0f} us median{late:9.0f} us 99%")
    print(f"{name:24}memory {resident(pid)} kB, of the client {resident(os.getpid())} kB")


def blocking(name: str, address: str, count: int) -> None:
    """One call after the other, without asyncio."""
    with BlockingClient(address) as client:
        start = perf_counter()
        for _ in range(count):
            client.call(TASK, "Connect", Raw(), Raw, timeout=60)
        print(f"{name:24}blocking    {count / (perf_counter() - start):9.0f} calls/s")


async def our_server(folder: Path, count: int) -> None:
    command = [sys.executable, "-c", SERVER, str(folder / "ours")]
    server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert server.stdout is not None
        await server.stdout.readline()
        await measure("our server", str(folder / "ours"), server.pid, count)
        await asyncio.to_thread(blocking, "our server", str(folder / "ours"), count)
    finally:
        server.kill()
        await server.communicate()


async def their_shim(folder: Path, count: int) -> None:
    from packages.ttrpc.tests.interop.runc_shim import runc_shim

    sys.path.insert(0, str(ROOT / "tests/support"))
    from tiffin_testing.leaks import become_subreaper

    become_subreaper()
    (folder / "config.json").write_text('{"ociVersion": "1.0.2"}')
    async with AsyncExitStack() as stack:
        shim = await stack.enter_async_context(runc_shim(f"bench-{os.getpid()}", folder, folder / "none"))
        await measure("containerd-shim-runc-v2", shim.address, shim.pid, count)
        address = shim.address.removeprefix("unix://")
        await asyncio.to_thread(blocking, "containerd-shim-runc-v2", address, count)


def import_time(module: str) -> float:
    """Milliseconds to import a module in a new interpreter."""
    program = (
        f"import sys, __future__; sys.path[:0] = {sys.path!r}; from time import perf_counter\n"
        f"start = perf_counter(); import {module}; print(perf_counter() - start)"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(7)]
    return min(float(run) for run in runs) * 1000


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        if os.geteuid() == 0:
            asyncio.run(their_shim(Path(folder), count))
        asyncio.run(our_server(Path(folder), count))
    for module in IMPORTS:
        print(f"{'import ' + module:44}{import_time(module):8.3f} ms")


if __name__ == "__main__":
    main()
