"""The process of a container's shim, and its end."""

from __future__ import annotations

import asyncio
import json
import os
import select
from typing import TYPE_CHECKING

from tiffin.api.containerd.runtime.task.v2 import shim_pb2
from tiffin.ttrpc import Client

if TYPE_CHECKING:
    from packages.manager.tests.tasks.containers import Containers


def shim_of(containers: Containers, name: str) -> int:
    """Its pid, as it tells it."""
    bundle = containers.peer.bundles / containers.namespace / name
    version = 2
    try:
        told = json.loads((bundle / "bootstrap.json").read_text())
        address, version = told["address"], told["version"]
    except FileNotFoundError:  # containerd 1.6
        address = (bundle / "address").read_text()

    async def ask() -> int:
        async with await Client.connect(address) as client:
            request = shim_pb2.ConnectRequest(id=name)
            answer = await client.call(
                f"containerd.task.v{version}.Task", "Connect", request, shim_pb2.ConnectResponse, timeout=20
            )
        return answer.shim_pid

    return asyncio.run(ask())


def ends(pid: int, seconds: float = 60.0) -> bool:
    """Whether a process does so in time: a shim is told to when its last task is deleted, and nobody waits for it."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with open(descriptor, "rb"):
        return bool(select.select([descriptor], [], [], seconds)[0])
