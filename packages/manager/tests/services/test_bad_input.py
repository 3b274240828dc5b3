"""What no client should send, and clients that go away: a clear status, and the daemon goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.empty_pb2 import Empty
from grpc import StatusCode, aio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packages.api.tests.catalogue import descriptor
from packages.api.tests.drawn import messages
from packages.manager.tests.client import MOST_BYTES, SECONDS, refusal
from packages.manager.tests.services.blobs import MEGABYTE, digest_of, put, read, write

from tiffin.api.containerd.services.containers.v1.containers_services import CONTAINERS
from tiffin.api.containerd.services.content.v1 import content_pb2 as content
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.content.v1.content_services import CONTENT
from tiffin.api.containerd.services.diff.v1.diff_services import DIFF
from tiffin.api.containerd.services.images.v1 import images_pb2 as images
from tiffin.api.containerd.services.images.v1.images_pb2_grpc import ImagesStub
from tiffin.api.containerd.services.images.v1.images_services import IMAGES
from tiffin.api.containerd.services.leases.v1.leases_services import LEASES
from tiffin.api.containerd.services.namespaces.v1.namespace_services import NAMESPACES
from tiffin.api.containerd.services.sandbox.v1.sandbox_services import STORE
from tiffin.api.containerd.services.snapshots.v1.snapshots_services import SNAPSHOTS
from tiffin.api.containerd.services.version.v1.version_pb2_grpc import VersionStub

if TYPE_CHECKING:
    from packages.manager.tests.services.daemons import Daemon

    from tiffin.api.service import Method, Service

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]
SERVICES = (CONTAINERS, CONTENT, DIFF, IMAGES, LEASES, NAMESPACES, SNAPSHOTS)
NEWER = (STORE,)  # than Debian's containerd
BROKEN = (b"\x0a\xff", b"\xff" * 100, b"\x0a\x05abc", b"\x0b", b"\x08")


def send(daemon: Daemon, service: Service, name: str, data: bytes) -> bytes:
    """One request, or one in a stream of them; the first answer."""
    method, client = service.methods[name], daemon.client
    path = f"/{service.name}/{name}"

    async def ask() -> bytes:
        if method.client_streaming:
            both: aio.StreamStreamMultiCallable[bytes, bytes] = client.channel.stream_stream(path)
            answers = both(iter([data]), metadata=client.metadata, timeout=SECONDS)
            return b"".join([answer async for answer in answers])
        if method.server_streaming:
            many: aio.UnaryStreamMultiCallable[bytes, bytes] = client.channel.unary_stream(path)
            return b"".join([one async for one in many(data, metadata=client.metadata, timeout=SECONDS)])
        single: aio.UnaryUnaryMultiCallable[bytes, bytes] = client.channel.unary_unary(path)
        return await single(data, metadata=client.metadata, timeout=SECONDS)

    return client.run(ask())


def methods(services: tuple[Service, ...]) -> list[tuple[Service, str]]:
    return [(service, name) for service in services for name in service.methods]


@pytest.fixture(autouse=True)
def alive(daemon: Daemon) -> Iterator[None]:
    """It answers afterwards."""
    yield
    client = daemon.client
    assert client.call(client.stub(VersionStub).Version, Empty()).version
    assert put(daemon, b"still there") == digest_of(b"still there")


@pytest.mark.parametrize("data", BROKEN)
def test_what_is_no_message(daemon: Daemon, data: bytes) -> None:
    for service, name in methods(SERVICES + (NEWER if daemon.ours else ())):
        if not service.methods[name].request.DESCRIPTOR.fields:
            continue
        code = refusal(send, daemon, service, name, data).code
        assert code in ({StatusCode.INVALID_ARGUMENT} if daemon.ours else {StatusCode.INTERNAL}), name


def _is_safe(service: Service, name: str, method: Method) -> bool:
    """A drawn request may do harm by none of these: it names no file of the host."""
    return service is not DIFF and name != "Cleanup" and not method.client_streaming


def answered(daemon: Daemon, call: Callable[[], object]) -> None:
    """Ours has no answer but those that containerd's clients know: nothing is a mistake of ours."""
    try:
        call()
    except aio.AioRpcError as error:
        mistake = (error.details() or "").startswith("internal error: ")
        if daemon.ours and (mistake or error.code() is StatusCode.UNKNOWN):
            raise


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_any_message_is_answered(daemon: Daemon, data: st.DataObject) -> None:
    service, name = data.draw(st.sampled_from(methods(SERVICES + NEWER)))
    method = service.methods[name]
    if _is_safe(service, name, method):
        request = data.draw(messages(descriptor(method.request)))
        answered(daemon, lambda: send(daemon, service, name, request.SerializeToString()))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(messages(descriptor(content.WriteContentRequest)), max_size=5))
def test_any_writing_is_answered(daemon: Daemon, requests: list[content.WriteContentRequest]) -> None:
    answered(daemon, lambda: write(daemon, *requests))


def test_messages_that_are_too_big(daemon: Daemon) -> None:
    big = content.WriteContentRequest(action=content.WRITE, ref="big", data=b"x" * (MOST_BYTES + 1))
    unlimited = (("grpc.max_send_message_length", -1),)

    async def ask() -> None:
        async with aio.insecure_channel(f"unix://{daemon.ctr.address}", options=unlimited) as channel:
            answers = ContentStub(channel).Write(
                iter([big]), metadata=daemon.client.metadata, timeout=SECONDS
            )
            async for _ in answers:
                pass

    assert refusal(daemon.client.run, ask()).code is StatusCode.RESOURCE_EXHAUSTED


def test_lists_that_are_too_big(daemon: Daemon) -> None:
    """Of images, which no page of a list bounds: a status, not a broken connection."""
    stub = daemon.client.stub(ImagesStub)
    labels = {f"label-{number}": "x" * 4000 for number in range(250)}
    image = images.Image(labels=labels)
    image.target.media_type, image.target.digest, image.target.size = "m", "sha256:" + "0" * 64, 1
    for number in range(18):
        image.name = f"image-{number}"
        daemon.client.call(stub.Create, images.CreateImageRequest(image=image))
    refused = refusal(daemon.client.call, stub.List, images.ListImagesRequest())
    assert refused.code is StatusCode.RESOURCE_EXHAUSTED
    few = images.ListImagesRequest(filters=["name==image-1", "name==image-2"])
    assert len(daemon.client.call(stub.List, few).images) == 2


def test_readers_that_go(daemon: Daemon) -> None:
    """After their first part, or before it: nothing stays open."""
    data = os.urandom(4 * MEGABYTE)
    digest = put(daemon, data)
    stub, descriptors = ContentStub(daemon.client.channel), Path(f"/proc/{daemon.ctr.pid}/fd")
    before = len(list(descriptors.iterdir()))

    async def go(*, after_first: bool) -> None:
        asked = content.ReadContentRequest(digest=digest)
        answers = stub.Read(asked, metadata=daemon.client.metadata, timeout=SECONDS)
        if after_first:
            await answers.read()
        answers.cancel()

    for number in range(40):
        daemon.client.run(go(after_first=bool(number % 2)))
    assert read(daemon, digest) == data
    assert len(list(descriptors.iterdir())) < before + 20


def test_writers_that_go_in_every_state(daemon: Daemon) -> None:
    """Each leaves what it has written, for the next to go on with."""
    stub = ContentStub(daemon.client.channel)
    data = b"0123456789" * 1000

    async def go(name: str, sent: int, answered: int) -> None:
        writing = stub.Write(metadata=daemon.client.metadata)
        for number in range(sent):
            request = content.WriteContentRequest(action=content.WRITE, data=data, offset=number * len(data))
            request.ref = name if not number else ""
            await writing.write(request)
            if number < answered:
                await writing.read()
        writing.cancel()

    for sent in range(4):
        for answered in range(sent + 1):
            daemon.client.run(go(f"left-{sent}-{answered}", sent, answered))
    stub_ = daemon.client.stub(ContentStub)
    found = daemon.client.call(stub_.ListStatuses, content.ListStatusesRequest()).statuses
    sizes = {status.ref: status.offset for status in found}
    for sent in range(4):
        for answered in range(1, sent + 1):
            assert sizes[f"left-{sent}-{answered}"] >= answered * len(data)
