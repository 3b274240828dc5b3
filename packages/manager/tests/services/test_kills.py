"""kill -9 of the services at any moment: what was answered is there, what was half is gone on with."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest
from google.protobuf.any_pb2 import Any
from grpc import aio
from packages.manager.tests.client import SECONDS
from packages.manager.tests.services.blobs import digest_of
from packages.manager.tests.services.process import ServiceProcess

from tiffin.api.containerd.services.containers.v1 import containers_pb2 as containers
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.api.containerd.services.content.v1 import content_pb2 as content
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.snapshots.v1 import snapshots_pb2 as snapshots
from tiffin.api.containerd.services.snapshots.v1.snapshots_pb2_grpc import SnapshotsStub
from tiffin.image.store.store import Store

if TYPE_CHECKING:
    from packages.manager.tests.client import Client

ROUNDS = 6
DATA = bytes(range(256)) * 4096  # a megabyte
CLIENTS = 3


async def write(client: Client, name: str, blob: bytes) -> None:
    """Goes on with what is there, and commits it."""
    stub = ContentStub(client.channel)
    writing = stub.Write(metadata=client.metadata, timeout=SECONDS)
    asked = content.WriteContentRequest(action=content.STAT, ref=name, expected=digest_of(blob))
    await writing.write(asked)
    state = await writing.read()
    assert isinstance(state, content.WriteContentResponse)
    assert state.digest == digest_of(blob[: state.offset])
    at = state.offset
    while at < len(blob):
        piece = content.WriteContentRequest(action=content.WRITE, offset=at, data=blob[at : at + 100_000])
        await writing.write(piece)
        state = await writing.read()
        assert isinstance(state, content.WriteContentResponse)
        at = state.offset
    await writing.write(content.WriteContentRequest(action=content.COMMIT, offset=at))
    assert isinstance(await writing.read(), content.WriteContentResponse)


async def work(client: Client, number: int, done: list[tuple[str, str]]) -> None:
    """Makes blobs, snapshots and containers until the connection ends; what was answered is in `done`."""
    count = 0
    while True:
        name = f"{number}-{len(done)}-{count}"
        blob = name.encode() + DATA
        await write(client, name, blob)
        done.append(("blob", digest_of(blob)))
        spec = Any(type_url="s", value=b"{}")
        container = containers.Container(id=f"c{name}", spec=spec)
        container.runtime.name = "r"
        asked = containers.CreateContainerRequest(container=container)
        await ContainersStub(client.channel).Create(asked, metadata=client.metadata)
        done.append(("container", container.id))
        prepare = snapshots.PrepareSnapshotRequest(snapshotter="native", key=name)
        await SnapshotsStub(client.channel).Prepare(prepare, metadata=client.metadata)
        done.append(("snapshot", name))
        count += 1


async def until_killed(
    process: ServiceProcess, client: Client, done: list[tuple[str, str]], after: float
) -> None:
    """after: seconds of work until the kill, which comes at any moment of it."""
    tasks = [asyncio.create_task(work(client, number, done)) for number in range(CLIENTS)]
    await asyncio.wait(tasks, timeout=after)
    await asyncio.to_thread(process.kill)
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(result, aio.AioRpcError | AssertionError | asyncio.InvalidStateError), result


def found(client: Client) -> set[tuple[str, str]]:
    """All that is there."""
    blobs = client.all(client.stub(ContentStub).List, content.ListContentRequest())
    listed = client.call(client.stub(ContainersStub).List, containers.ListContainersRequest())
    trees = client.all(client.stub(SnapshotsStub).List, snapshots.ListSnapshotsRequest(snapshotter="native"))
    return {
        *(("blob", info.digest) for answer in blobs for info in answer.info),
        *(("container", one.id) for one in listed.containers),
        *(("snapshot", info.name) for answer in trees for info in answer.info),
    }


@pytest.mark.timeout(300)
def test_killed_at_any_moment() -> None:
    dice = random.Random(7)  # noqa: S311  # when it is killed
    done: list[tuple[str, str]] = []
    with ServiceProcess() as process:
        for _ in range(ROUNDS):
            with process.start() as connected:
                client = connected.within("killed")
                assert set(done) <= found(client)
                client.run(until_killed(process, client, done, dice.uniform(0.1, 1.0)))
        with process.start() as connected:
            client = connected.within("killed")
            assert set(done) <= found(client)
            stub = client.stub(ContentStub)
            left = client.call(stub.ListStatuses, content.ListStatusesRequest()).statuses
            for status in left:
                client.run(write(client, status.ref, status.ref.encode() + DATA))
            digests = {digest_of(status.ref.encode() + DATA) for status in left}
            assert {("blob", digest) for digest in digests} <= found(client)
        process.kill()
        store = Store(str(process.folder / "root"))
        store.collect()
        assert store.database.check() == []
        store.database.close()
    assert len(done) > ROUNDS


def test_what_was_written_before_a_kill_is_gone_on_with() -> None:
    with ServiceProcess() as process:
        with process.start() as connected:
            client = connected.within("killed")
            request = content.WriteContentRequest(action=content.WRITE, ref="half", data=DATA[:1000])
            client.talk(client.stub(ContentStub).Write, [request])
            process.kill()
        with process.start() as connected:
            client = connected.within("killed")
            asked = content.StatusRequest(ref="half")
            assert client.call(client.stub(ContentStub).Status, asked).status.offset == 1000
            client.run(write(client, "half", DATA))
