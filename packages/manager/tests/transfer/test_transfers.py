"""Images are pulled, pushed, imported, exported and tagged by the daemon itself, which tells how far it is."""

from __future__ import annotations

import asyncio
import base64
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from grpc import StatusCode, aio
from packages.manager.tests.client import SECONDS, Client, refusal
from packages.manager.tests.transfer.client_streams import ClientStream

from tiffin.api.containerd.services.transfer.v1.transfer_pb2 import TransferOptions, TransferRequest
from tiffin.api.containerd.services.transfer.v1.transfer_pb2_grpc import TransferStub
from tiffin.api.containerd.types.platform_pb2 import Platform
from tiffin.api.containerd.types.transfer import registry_pb2 as registries
from tiffin.api.containerd.types.transfer.imagestore_pb2 import (
    ImageReference,
    ImageStore,
    UnpackConfiguration,
)
from tiffin.api.containerd.types.transfer.importexport_pb2 import ImageExportStream, ImageImportStream
from tiffin.api.containerd.types.transfer.progress_pb2 import Progress
from tiffin.api.containerd.types.transfer.streaming_pb2 import Data
from tiffin.api.typeurl import pack, unpack
from tiffin.image.metadata.namespaces import Scope
from tiffin.image.store.store import Store
from tiffin.manager.events.exchange import Exchange
from tiffin.manager.metadata.stores import Stores
from tiffin.manager.services import streaming, transfer
from tiffin.manager.streaming.streams import Streams
from tiffin.manager.transfer import archives
from tiffin_testing.images import busybox_layer, docker_archive
from tiffin_testing.registry import PASSWORD, USER, Registry, running_registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.protobuf.message import Message
    from packages.manager.tests.conftest import Serve

NAME = "docker.io/tiffin/busybox:latest"
HERE = Platform(os="linux", architecture="amd64")


class Daemon:
    """A server with a store of its own, and a client in the namespace `one`."""

    def __init__(self, serve: Serve, folder: Path) -> None:
        self.stores = Stores(Store(str(folder), snapshotter="native"))
        self.exchange, streams = Exchange(), Streams()
        offers = (streaming.service(streams), transfer.service(self.stores, self.exchange.publish, streams))
        self.client: Client = serve(*offers).within("one")
        self.stub = self.client.stub(TransferStub)

    async def transfer(self, source: Message, destination: Message, *, progress: str = "") -> None:
        options = TransferOptions(progress_stream=progress)
        request = TransferRequest(source=pack(source), destination=pack(destination), options=options)
        await self.stub.Transfer(request, metadata=self.client.metadata, timeout=60)

    def run(self, source: Message, destination: Message) -> None:
        self.client.run(self.transfer(source, destination))

    def names(self) -> list[str]:
        return sorted(each.name for each in self.stores.images(Scope("one")).list())

    def import_(self, data: bytes, place: ImageStore) -> None:
        async def both() -> None:
            stream = await ClientStream.open(self.client)
            await asyncio.gather(
                stream.send_bytes(data), self.transfer(ImageImportStream(stream=stream.name), place)
            )

        self.client.run(both())

    def export(self, place: ImageStore) -> bytes:
        async def both() -> bytes:
            stream = await ClientStream.open(self.client)
            found, _ = await asyncio.gather(
                stream.receive_bytes(), self.transfer(place, ImageExportStream(stream=stream.name))
            )
            return found

        return self.client.run(both())


@pytest.fixture
def daemon(serve: Serve, tmp_path: Path) -> Daemon:
    return Daemon(serve, tmp_path / "store")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("archive") / "image.tar"
    return docker_archive(path, [busybox_layer()], old=False, tags=["tiffin/busybox:latest"]).read_bytes()


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with running_registry(tmp_path_factory.mktemp("registry"), passwords=True) as running:
        yield running


def test_an_archive_is_imported_and_its_names_are_told(daemon: Daemon, archive: bytes) -> None:
    daemon.import_(archive, ImageStore(labels={"a": "b"}))
    assert daemon.names() == [NAME]
    assert daemon.stores.images(Scope("one")).get(NAME).labels["a"] == "b"
    event = daemon.exchange._recent.get(1)
    assert event is not None
    assert (event.topic, event.field(["event", "name"])) == ("/images/create", NAME)


def test_names_in_an_archive_get_the_prefix_that_the_client_wants(daemon: Daemon, archive: bytes) -> None:
    reference = ImageReference(name="docker.io/tiffin/busybox", is_prefix=True, add_digest=True)
    daemon.import_(archive, ImageStore(extra_references=[reference]))
    named, digested = daemon.names()
    assert (named, digested.partition("@")[0]) == (NAME, "docker.io/tiffin/busybox")
    other = ImageReference(name="example.org/other", is_prefix=True)
    assert refusal(daemon.import_, archive, ImageStore(extra_references=[other])).code is StatusCode.NOT_FOUND


def test_an_export_has_no_file_that_a_kill_would_leave(
    daemon: Daemon, archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.import_(archive, ImageStore())
    folder, seen = tmp_path / "temporary", list[list[str]]()
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    class Writer:
        def __init__(self, _: object) -> None:
            """There is no client."""

        def write(self, data: bytes) -> int:
            seen.append(os.listdir(folder))
            return len(data)

    monkeypatch.setattr(archives, "ByteWriter", Writer)
    store = daemon.stores.store.within(Scope("one"))
    archives.send(cast("Any", None), store, [NAME], None, lambda _: None)
    assert seen
    assert not any(seen)


def test_what_is_exported_is_imported_elsewhere(
    daemon: Daemon, archive: bytes, serve: Serve, tmp_path: Path
) -> None:
    daemon.import_(archive, ImageStore())
    before = daemon.stores.images(Scope("one")).get(NAME).target.digest
    data = daemon.export(ImageStore(name=NAME))
    other = Daemon(serve, tmp_path / "other")
    other.import_(data, ImageStore(name=NAME))
    assert other.stores.images(Scope("one")).get(NAME).target.digest == before


def test_an_image_is_tagged(daemon: Daemon, archive: bytes) -> None:
    daemon.import_(archive, ImageStore())
    daemon.run(ImageStore(name=NAME), ImageStore(name="example.org/other:1"))
    assert daemon.names() == [NAME, "example.org/other:1"]
    missing = ImageStore(name="example.org/missing:1")
    assert refusal(daemon.run, missing, ImageStore(name="a")).code is StatusCode.NOT_FOUND


async def answer(stream: ClientStream, password: str, *, header: bool = False) -> None:
    """Answers every question for a password. header: as a client does that has only a header."""
    reply = registries.AuthResponse(authType=registries.CREDENTIALS, username=USER, secret=password)
    if header:
        basic = base64.b64encode(f"{USER}:{password}".encode()).decode()
        reply = registries.AuthResponse(authType=registries.HEADER, secret=f"Basic {basic}")
    while (message := await stream.receive()) is not None:
        assert unpack(message, registries.AuthRequest).host
        await stream.call.write(pack(reply))


def place(registry: Registry, auth: str) -> registries.OCIRegistry:
    resolver = registries.RegistryResolver(auth_stream=auth)
    return registries.OCIRegistry(reference=f"{registry.address}/tiffin/busybox:1", resolver=resolver)


@pytest.mark.requires("docker-registry")
def test_an_image_is_pushed_and_pulled_with_a_password_that_the_client_is_asked_for(
    daemon: Daemon, archive: bytes, registry: Registry, serve: Serve, tmp_path: Path
) -> None:
    daemon.import_(archive, ImageStore())

    async def push(password: str) -> None:
        auth = await ClientStream.open(daemon.client)
        await asyncio.gather(
            answer(auth, password), daemon.transfer(ImageStore(name=NAME), place(registry, auth.name))
        )

    assert refusal(daemon.client.run, push("wrong")).code is StatusCode.PERMISSION_DENIED
    daemon.client.run(push(PASSWORD))
    other = Daemon(serve, tmp_path / "other")

    async def pull() -> list[Progress]:
        auth, told = await ClientStream.open(other.client), await ClientStream.open(other.client)
        wanted = ImageStore(
            name=NAME, platforms=[HERE], unpacks=[UnpackConfiguration(platform=HERE, snapshotter="native")]
        )
        pulling = other.transfer(place(registry, auth.name), wanted, progress=told.name)
        found = []
        running = asyncio.gather(pulling, answer(auth, PASSWORD, header=True))
        while (message := await told.receive()) is not None:
            found.append(unpack(message, Progress))
        await running
        return found

    progress = other.client.run(pull())
    assert other.names() == [NAME]
    image = other.stores.images(Scope("one")).get(NAME)
    assert any(label.startswith("containerd.io/gc.ref.snapshot.native") for label in image.labels)
    assert {each.event for each in progress} >= {"complete"}
    assert any(each.name.startswith("layer-sha256:") and each.progress == each.total for each in progress)


def test_pairs_that_there_are_none_of_and_streams_that_are_not_open_are_refused(daemon: Daemon) -> None:
    def code(source: Message, destination: Message) -> Any:
        return refusal(daemon.run, source, destination).code

    assert code(ImageImportStream(stream="none"), ImageStore()) is StatusCode.NOT_FOUND
    assert (
        code(registries.OCIRegistry(reference="a/b:1"), registries.OCIRegistry()) is StatusCode.UNIMPLEMENTED
    )
    assert code(Platform(), ImageStore()) is StatusCode.UNIMPLEMENTED
    headers = registries.RegistryResolver(headers={"Cookie": "x"})
    with_headers = registries.OCIRegistry(reference="example.org/a:1", resolver=headers)
    assert code(with_headers, ImageStore()) is StatusCode.UNIMPLEMENTED


def test_the_streams_of_a_transfer_that_does_not_begin_are_ended(daemon: Daemon) -> None:
    async def both() -> None:
        told = await ClientStream.open(daemon.client)
        wrong = daemon.transfer(ImageImportStream(stream="none"), ImageStore(), progress=told.name)
        with pytest.raises(aio.AioRpcError):
            await wrong
        async with asyncio.timeout(SECONDS):
            assert await told.receive() is None

    daemon.client.run(both())


def test_labels_that_cannot_be_are_refused_before_anything_has_a_name(daemon: Daemon, archive: bytes) -> None:
    place = ImageStore(labels={"long": "x" * 4096})
    assert refusal(daemon.import_, archive, place).code is StatusCode.INVALID_ARGUMENT
    assert daemon.names() == []


def test_an_archive_on_its_way_has_no_name_that_a_kill_would_leave(
    daemon: Daemon, archive: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    async def begun() -> list[Path]:
        stream = await ClientStream.open(daemon.client)
        importing = asyncio.create_task(daemon.transfer(ImageImportStream(stream=stream.name), ImageStore()))
        await stream.receive()
        await stream.call.write(pack(Data(data=archive[:1000])))
        await stream.receive()  # it wants more
        found = list(folder.iterdir())
        importing.cancel()
        stream.call.cancel()
        await asyncio.wait([importing])
        return found

    assert daemon.client.run(begun()) == []


def test_a_broken_archive_is_refused_and_leaves_nothing(daemon: Daemon, archive: bytes) -> None:
    for data in (b"", b"no archive", archive[: len(archive) // 2]):
        assert refusal(daemon.import_, data, ImageStore()).code is StatusCode.INVALID_ARGUMENT
    assert daemon.names() == []


def test_a_client_that_leaves_in_the_middle_of_an_import_leaves_nothing(
    daemon: Daemon, archive: bytes
) -> None:
    async def leave() -> None:
        stream = await ClientStream.open(daemon.client)
        importing = asyncio.create_task(daemon.transfer(ImageImportStream(stream=stream.name), ImageStore()))
        await stream.receive()  # it has begun to read
        importing.cancel()
        stream.call.cancel()
        await asyncio.wait([importing])

    daemon.client.run(leave())
    daemon.import_(archive, ImageStore())  # and the daemon goes on
    assert daemon.names() == [NAME]
