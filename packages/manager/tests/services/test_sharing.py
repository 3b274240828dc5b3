"""Blobs of other namespaces where they are isolated: their bytes must be sent, unless the other one shares them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from grpc import StatusCode
from packages.manager.tests.client import refusal
from packages.manager.tests.services.blobs import Request, digest_of

from tiffin.api.containerd.services.content.v1 import content_pb2 as api
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.image.errors import NotFound
from tiffin.image.metadata.namespaces import Scope
from tiffin.image.store.store import Store
from tiffin.manager.metadata.stores import Stores
from tiffin.manager.services import content
from tiffin.manager.services.content.sharing import SHAREABLE
from tiffin.manager.services.ports import publish_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packages.manager.tests.client import Client

DATA = b"shared or not"
DIGEST = digest_of(DATA)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    store = Store(str(tmp_path / "store"))
    yield Stores(store, isolated=True)
    store.database.close()


@pytest.fixture
def client(serve: Callable[..., Client], stores: Stores) -> Client:
    """Of a service whose store has a blob in the namespace `owner`."""
    with stores.content(Scope("owner")).writer("made") as writer:
        writer.write(DATA)
        writer.commit()
    return serve(content.service(stores, publish_nothing)).within("other")


def state(client: Client) -> api.WriteContentResponse:
    request = Request(action=api.STAT, ref="wanted", expected=DIGEST, total=len(DATA))
    return client.talk(client.stub(ContentStub).Write, [request])[-1]


def test_a_blob_of_an_isolated_namespace_must_be_sent(client: Client) -> None:
    assert state(client).offset == 0
    commit = Request(action=api.COMMIT, ref="wanted", expected=DIGEST)
    refused = refusal(client.talk, client.stub(ContentStub).Write, [commit])
    assert refused.code is StatusCode.FAILED_PRECONDITION
    whole = Request(action=api.COMMIT, ref="wanted", expected=DIGEST, data=DATA)
    assert client.talk(client.stub(ContentStub).Write, [whole])[-1].digest == DIGEST


def test_a_namespace_may_share_its_blobs(client: Client, stores: Stores) -> None:
    stores.namespaces.update("owner", {SHAREABLE: "true"})
    assert state(client).offset == len(DATA)
    commit = Request(action=api.COMMIT, ref="wanted", expected=DIGEST, offset=len(DATA))
    assert client.talk(client.stub(ContentStub).Write, [commit])[-1].digest == DIGEST


def test_a_shared_blob_of_another_size_is_not_the_one(client: Client, stores: Stores) -> None:
    stores.namespaces.update("owner", {SHAREABLE: "true"})
    request = Request(action=api.STAT, ref="wanted", expected=DIGEST, total=1)
    assert client.talk(client.stub(ContentStub).Write, [request])[-1].offset == 0


def test_a_shared_blob_that_goes_meanwhile(client: Client, stores: Stores) -> None:
    """Between the first answer and the commit."""
    stores.namespaces.update("owner", {SHAREABLE: "true"})

    async def both() -> None:
        writing = ContentStub(client.channel).Write(metadata=client.metadata)
        await writing.write(Request(action=api.STAT, ref="wanted", expected=DIGEST))
        await writing.read()
        stores.content(Scope("owner")).delete(DIGEST)
        await writing.write(Request(action=api.COMMIT, offset=len(DATA), expected=DIGEST))
        await writing.read()

    assert refusal(client.run, both()).code is StatusCode.NOT_FOUND
    with pytest.raises(NotFound):
        stores.content(Scope("other")).info(DIGEST)
