"""containerd's own shim, started as containerd starts it; the test is its containerd."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tiffin.api.containerd.runtime.task.v2 import shim_pb2
from tiffin.ttrpc import Client, RpcError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TASK = "containerd.task.v2.Task"
NAMESPACE = "tiffin-ttrpc-test"
SHIM = "containerd-shim-runc-v2"


@dataclass(frozen=True)
class RuncShim:
    """A shim that runs.

    Args:
        address: of its socket, as it printed it.
        pid: of the shim, our child since this process is a subreaper.
    """

    id: str
    address: str
    client: Client
    pid: int

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)


@asynccontextmanager
async def runc_shim(container: str, bundle: Path, events: Path) -> AsyncIterator[RuncShim]:
    """Starts the shim for a container's bundle; it publishes its events on the socket `events`."""
    os.mkfifo(bundle / "log")
    log = os.open(bundle / "log", os.O_RDWR)  # a writer needs a reader, and the shim is gone before we know
    try:
        address = await asyncio.to_thread(_start, container, bundle, events)
        async with await Client.connect(address) as client:
            request = shim_pb2.ConnectRequest(id=container)
            answer = await client.call(TASK, "Connect", request, shim_pb2.ConnectResponse, timeout=20)
            shim = RuncShim(container, address, client, answer.shim_pid)
            try:
                yield shim
            finally:
                await _end(shim)
    finally:
        os.close(log)


def _start(container: str, bundle: Path, events: Path) -> str:
    command = [SHIM, "-namespace", NAMESPACE, "-id", container, "-address", str(events), "start"]
    environment = {**os.environ, "TTRPC_ADDRESS": str(events)}
    return subprocess.run(
        command, cwd=bundle, env=environment, capture_output=True, check=True, timeout=60, text=True
    ).stdout


async def _end(shim: RuncShim) -> None:
    """Asks it to go; a killed one leaves its socket."""
    try:
        request = shim_pb2.ShutdownRequest(id=shim.id, now=True)
        async with await Client.connect(shim.address) as client:
            await client.call(TASK, "Shutdown", request, shim_pb2.ConnectResponse, timeout=20)
    except (RpcError, OSError):
        shim.signal(signal.SIGKILL)  # it has gone before, or goes while it answers
    await asyncio.to_thread(os.waitpid, shim.pid, 0)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(shim.address.removeprefix("unix://"))
