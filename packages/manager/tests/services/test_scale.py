"""Twenty thousand containers are listed, in pages and with flat memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.any_pb2 import Any
from grpc import StatusCode
from packages.manager.tests.client import SECONDS, refusal
from packages.manager.tests.services.process import ServiceProcess

from tiffin.api.containerd.services.containers.v1 import containers_pb2 as api
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.image.store.store import Store
from tiffin.manager.metadata.stores import Stores

if TYPE_CHECKING:
    from packages.manager.tests.client import Client

COUNT = 20_000
MEGABYTE = 1 << 20
COPY = """
INSERT INTO containers
SELECT namespace, ?, image, runtime, snapshotter, snapshot_key, sandbox, labels, ? FROM containers
WHERE namespace = 'many' AND id = 'c'
"""


def fill(root: str) -> None:
    """All in one transaction: making each by a call takes twenty seconds."""
    store = Store(root)
    table = Stores(store).containers("many")
    made = api.Container(
        id="c", spec=Any(type_url="s", value=b'{"a":"%s"}' % (b"x" * 5500)), labels={"a": "b"}
    )
    made.runtime.name = "io.containerd.runc.v2"
    made = table.create(made)
    rows = []
    for number in range(COUNT):
        made.id = f"c{number:05}"
        rows.append((made.id, made.SerializeToString()))
    with store.database.writing() as connection:
        connection.executemany(COPY, rows)
        connection.execute("DELETE FROM containers WHERE id = 'c'")
    store.database.close()


async def streamed(client: Client, *filters: str) -> list[str]:
    asked = api.ListContainersRequest(filters=filters)
    answers = ContainersStub(client.channel).ListStream(asked, metadata=client.metadata, timeout=SECONDS)
    return [answer.container.id async for answer in answers]


@pytest.mark.timeout(300)
def test_many_containers() -> None:
    wanted = [f"c{number:05}" for number in range(COUNT)]
    with ServiceProcess() as process:
        fill(str(process.folder / "root"))
        with process.start() as connected:
            client = connected.within("many")
            assert client.run(streamed(client, "id==c00007")) == ["c00007"]
            before = process.memory()
            assert client.run(streamed(client)) == wanted
            assert process.memory() - before < 30 * MEGABYTE
            stub = client.stub(ContainersStub)
            refused = refusal(client.call, stub.List, api.ListContainersRequest())
            assert refused.code is StatusCode.RESOURCE_EXHAUSTED
            few = client.call(stub.List, api.ListContainersRequest(filters=["id~=c0000[0-9]"]))
            assert [one.id for one in few.containers] == wanted[:10]
