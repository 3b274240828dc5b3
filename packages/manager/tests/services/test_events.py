"""What is told to who listens: the same events, of the same things, in the same order as containerd's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from packages.manager.tests.client import refusal
from packages.manager.tests.services.blobs import put
from packages.manager.tests.services.made import (
    container,
    create_container,
    create_image,
    delete_container,
    target,
)
from packages.manager.tests.services.trees import Snapshots

from tiffin.api.containerd.events import (
    container_pb2,
    content_pb2,
    image_pb2,
    namespace_pb2,
    snapshot_pb2,
)
from tiffin.api.containerd.services.containers.v1 import containers_pb2 as containers
from tiffin.api.containerd.services.containers.v1.containers_pb2_grpc import ContainersStub
from tiffin.api.containerd.services.content.v1 import content_pb2 as content
from tiffin.api.containerd.services.content.v1.content_pb2_grpc import ContentStub
from tiffin.api.containerd.services.events.v1 import events_pb2 as events
from tiffin.api.containerd.services.events.v1.events_pb2_grpc import EventsStub
from tiffin.api.containerd.services.images.v1 import images_pb2 as images
from tiffin.api.containerd.services.images.v1.images_pb2_grpc import ImagesStub
from tiffin.api.containerd.services.namespaces.v1 import namespace_pb2 as namespaces
from tiffin.api.containerd.services.namespaces.v1.namespace_pb2_grpc import NamespacesStub
from tiffin.api.containerd.types.event_pb2 import Envelope
from tiffin.api.typeurl import pack, unpack

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from grpc import aio
    from packages.manager.tests.services.daemons import Daemon

    Subscription = aio.UnaryStreamCall[events.SubscribeRequest, Envelope]

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]
PROBE, LAST = "/tiffin/probe", "/tiffin/last"
EMPTY = content_pb2.ContentDelete()


async def listening(daemon: Daemon) -> Subscription:
    """A subscription; nobody says when it has begun, so events are published until one comes back."""
    stub = EventsStub(daemon.client.channel)
    asked = events.SubscribeRequest(filters=[f"namespace=={daemon.namespace}"])
    call = stub.Subscribe(asked, metadata=daemon.client.metadata)
    first = asyncio.ensure_future(call.read())
    while not first.done():
        probe = events.PublishRequest(topic=PROBE, event=pack(EMPTY))
        await stub.Publish(probe, metadata=daemon.client.metadata)
        await asyncio.wait({first}, timeout=0.05)
    return call


@pytest.fixture
def subscription(daemon: Daemon) -> Iterator[Subscription]:
    call = daemon.client.run(listening(daemon))
    yield call
    call.cancel()


def told(daemon: Daemon, subscription: Subscription, *kinds: type[Message]) -> list[Message]:
    """What was told by now: messages of these classes, in this order."""

    async def read() -> list[Envelope]:
        heard: list[Envelope] = []
        while not heard or heard[-1].topic != LAST:
            envelope = await subscription.read()
            assert isinstance(envelope, Envelope), "the stream has ended"
            heard += [envelope] if envelope.topic != PROBE else []
        return heard[:-1]

    last = events.PublishRequest(topic=LAST, event=pack(EMPTY))
    daemon.client.call(daemon.client.stub(EventsStub).Publish, last)
    heard = daemon.client.run(read())
    assert [one.namespace for one in heard] == [daemon.namespace] * len(kinds), heard
    return [unpack(one.event, kind) for one, kind in zip(heard, kinds, strict=True)]


def test_of_images(daemon: Daemon, subscription: Subscription) -> None:
    stub = daemon.client.stub(ImagesStub)
    create_image(daemon, "a", a="b")
    refusal(create_image, daemon, "a")
    update = images.UpdateImageRequest(image=images.Image(name="a", target=target(), labels={"c": "d"}))
    daemon.client.call(stub.Update, update)
    daemon.client.call(stub.Delete, images.DeleteImageRequest(name="a"))
    kinds = (image_pb2.ImageCreate, image_pb2.ImageUpdate, image_pb2.ImageDelete)
    assert told(daemon, subscription, *kinds) == [
        image_pb2.ImageCreate(name="a", labels={"a": "b"}),
        image_pb2.ImageUpdate(name="a", labels={"c": "d"}),
        image_pb2.ImageDelete(name="a"),
    ]


def test_of_containers(daemon: Daemon, subscription: Subscription) -> None:
    made = create_container(daemon, container(image="i", labels={"a": "b"}))
    made.labels["c"] = "d"
    update = containers.UpdateContainerRequest(container=made)
    daemon.client.call(daemon.client.stub(ContainersStub).Update, update)
    delete_container(daemon, "one")
    kinds = (container_pb2.ContainerCreate, container_pb2.ContainerUpdate, container_pb2.ContainerDelete)
    runtime = container_pb2.ContainerCreate.Runtime(name=made.runtime.name, options=made.runtime.options)
    assert told(daemon, subscription, *kinds) == [
        container_pb2.ContainerCreate(id="one", image="i", runtime=runtime),
        container_pb2.ContainerUpdate(id="one", image="i", labels={"a": "b", "c": "d"}),
        container_pb2.ContainerDelete(id="one"),
    ]


def test_of_snapshots(daemon: Daemon, subscription: Subscription) -> None:
    snapshots = Snapshots(daemon, "native")
    snapshots.prepare("first")
    snapshots.commit("one", "first")
    snapshots.view("view", "one")
    snapshots.remove("view")
    kinds = (snapshot_pb2.SnapshotPrepare, snapshot_pb2.SnapshotCommit, snapshot_pb2.SnapshotRemove)
    found = told(daemon, subscription, *kinds)
    if not daemon.ours:  # containerd 1.6 does not tell by which snapshotter
        for event in found:
            event.snapshotter = "native"  # type: ignore[attr-defined]  # they all have it
    assert found == [
        snapshot_pb2.SnapshotPrepare(key="first", snapshotter="native"),
        snapshot_pb2.SnapshotCommit(key="first", name="one", snapshotter="native"),
        snapshot_pb2.SnapshotRemove(key="view", snapshotter="native"),
    ]


def test_of_namespaces(daemon: Daemon, subscription: Subscription) -> None:
    stub, name = daemon.client.stub(NamespacesStub), daemon.namespace
    space = namespaces.Namespace(name=name, labels={"a": "b"})
    daemon.client.call(stub.Create, namespaces.CreateNamespaceRequest(namespace=space))
    daemon.client.call(stub.Update, namespaces.UpdateNamespaceRequest(namespace=space))
    daemon.client.call(stub.Delete, namespaces.DeleteNamespaceRequest(name=name))
    kinds = (namespace_pb2.NamespaceCreate, namespace_pb2.NamespaceUpdate, namespace_pb2.NamespaceDelete)
    assert told(daemon, subscription, *kinds) == [
        namespace_pb2.NamespaceCreate(name=name, labels={"a": "b"}),
        namespace_pb2.NamespaceUpdate(name=name, labels={"a": "b"}),
        namespace_pb2.NamespaceDelete(name=name),
    ]


def test_of_content(daemon: Daemon, subscription: Subscription) -> None:
    digest = put(daemon, b"a blob")
    delete = content.DeleteContentRequest(digest=digest)
    daemon.client.call(daemon.client.stub(ContentStub).Delete, delete)
    made: list[Message] = [content_pb2.ContentCreate(digest=digest, size=6)]
    kinds: list[type[Message]] = [content_pb2.ContentCreate]
    if not daemon.ours:  # containerd 1.6 tells only of deletions
        made, kinds = [], []
    found = told(daemon, subscription, *kinds, content_pb2.ContentDelete)
    assert found == [*made, content_pb2.ContentDelete(digest=digest)]
