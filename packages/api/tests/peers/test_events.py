"""What containerd tells to who listens: our messages read it, and are told by it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from packages.api.tests.peers.tasking import KILLED, NAME, RUNTIME, a_container, a_task, start

from tiffin.api.containerd.events import container_pb2, task_pb2
from tiffin.api.containerd.services.events.v1 import events_pb2 as events
from tiffin.api.containerd.services.events.v1.events_pb2_grpc import EventsStub
from tiffin.api.containerd.types.event_pb2 import Envelope
from tiffin.api.containerd.types.runc.options import oci_pb2 as runc
from tiffin.api.typeurl import pack, unpack
from tiffin_testing.bundle import default_config

if TYPE_CHECKING:
    from grpc import aio
    from packages.api.tests.peers.client import Client

    from tiffin_testing.cgroups import CgroupParent

    Subscription = aio.UnaryStreamCall[events.SubscribeRequest, Envelope]

pytestmark = [pytest.mark.tier("interop"), pytest.mark.requires("root", "containerd", "ctr")]
PROBE, LAST = "/tiffin/probe", "/tiffin/last"
LIFE = (
    *(f"/tasks/{what}" for what in ("create", "start", "exit", "delete")),
    "/containers/create", "/containers/delete",
)  # fmt: skip
OOM = task_pb2.TaskOOM(container_id=NAME)


async def listening(client: Client) -> Subscription:
    """A subscription; containerd does not say when it has begun, so events are published until one comes back."""
    stub = EventsStub(client.channel)
    call = stub.Subscribe(events.SubscribeRequest(), metadata=client.metadata)
    first = asyncio.ensure_future(call.read())
    while not first.done():
        probe = events.PublishRequest(topic=PROBE, event=pack(OOM))
        await stub.Publish(probe, metadata=client.metadata)
        await asyncio.wait({first}, timeout=0.05)
    return call


async def until(call: Subscription, *topics: str) -> list[Envelope]:
    """All that was told until each of these topics was, without the probes. Shims tell theirs a moment later."""
    heard: list[Envelope] = []
    while not set(topics) <= {envelope.topic for envelope in heard}:
        envelope = await call.read()
        assert isinstance(envelope, Envelope), "the stream has ended"
        heard += [envelope] if envelope.topic != PROBE else []
    return heard


@pytest.fixture
def subscription(client: Client) -> Iterator[Subscription]:
    call = client.loop.run(listening(client))
    yield call
    call.cancel()


def publish(client: Client) -> None:
    asked = events.PublishRequest(topic=LAST, event=pack(OOM))
    client.call(EventsStub(client.channel).Publish, asked)


def test_what_is_published_and_forwarded_is_heard(client: Client, subscription: Subscription) -> None:
    stamp = Timestamp(seconds=1_600_000_000, nanos=5)
    sent = Envelope(timestamp=stamp, namespace="other", topic="/tiffin/told", event=pack(OOM))
    client.call(EventsStub(client.channel).Forward, events.ForwardRequest(envelope=sent))
    publish(client)
    forwarded, published = client.loop.run(until(subscription, LAST))
    assert forwarded == sent
    assert (published.namespace, unpack(published.event, task_pb2.TaskOOM)) == (client.namespace, OOM)


@pytest.mark.requires("runc", "busybox", "cgroup_v1")
def test_the_life_of_a_task_is_heard(
    client: Client, subscription: Subscription, cgroup_parent: CgroupParent, tmp_path: Path
) -> None:
    spec = default_config(["sleep", "1000"])
    spec["linux"]["cgroupsPath"] = cgroup_parent.path_for("events")
    options = runc.Options(root=str(tmp_path / "state"))
    with a_container(client, options, spec) as container, a_task(client, container, tmp_path) as pid:
        start(client)
    heard = {envelope.topic: envelope.event for envelope in client.loop.run(until(subscription, *LIFE))}
    created = unpack(heard["/containers/create"], container_pb2.ContainerCreate)
    assert (created.id, created.image, created.runtime.name) == (NAME, "none:1", RUNTIME)
    assert unpack(created.runtime.options, runc.Options) == options
    task = unpack(heard["/tasks/create"], task_pb2.TaskCreate)
    assert (task.container_id, task.pid, task.rootfs[0].type) == (NAME, pid, "bind")
    assert (task.io.stdout, task.io.terminal) == (f"file://{tmp_path}/out", False)
    assert unpack(heard["/tasks/start"], task_pb2.TaskStart) == task_pb2.TaskStart(container_id=NAME, pid=pid)
    ended = unpack(heard["/tasks/exit"], task_pb2.TaskExit)
    assert (ended.container_id, ended.id, ended.pid, ended.exit_status) == (NAME, NAME, pid, KILLED)
    deleted = unpack(heard["/tasks/delete"], task_pb2.TaskDelete)
    assert (deleted.pid, deleted.exit_status, deleted.exited_at) == (pid, KILLED, ended.exited_at)
    assert unpack(heard["/containers/delete"], container_pb2.ContainerDelete).id == NAME
