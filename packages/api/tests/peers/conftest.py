"""Debian's containerd, and a channel of grpc.aio to it, in one event loop for all tests."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from grpc import aio
from packages.api.tests.peers.client import Client

from tiffin.api.containerd.services.leases.v1.leases_pb2 import CreateRequest
from tiffin.api.containerd.services.leases.v1.leases_pb2_grpc import LeasesStub
from tiffin_testing.containerd import Containerd, running_containerd

NAMESPACE, LEASE = "tiffin", "tests"


@pytest.fixture(scope="session")
def ctr() -> Iterator[Containerd]:
    """Its folder is short, since sockets lie in it."""
    folder = Path(tempfile.mkdtemp(prefix="tiffin-api-"))
    with running_containerd(folder) as running:
        yield running.within(NAMESPACE)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def client(ctr: Containerd, loop: asyncio.Runner) -> Iterator[Client]:
    """Calls by our stubs, in the namespace of `ctr`, under a lease: what has no name yet stays."""

    async def connect() -> aio.Channel:
        return aio.insecure_channel(f"unix://{ctr.address}")

    async def disconnect() -> None:
        await channel.close()

    channel = loop.run(connect())
    made = Client(channel, loop, NAMESPACE)
    lease = made.call(LeasesStub(channel).Create, CreateRequest(id=LEASE)).lease
    yield made.under(lease.id)
    loop.run(disconnect())
