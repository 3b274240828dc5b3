"""Our client with the Go server of containerd's shim, and our server with its Go client, which publishes events."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import empty_pb2
from packages.ttrpc.tests.interop.runc_shim import NAMESPACE, TASK, RuncShim, runc_shim

from tiffin.api.containerd.runtime.task.v2 import shim_pb2
from tiffin.api.containerd.services.ttrpc.events.v1 import events_pb2
from tiffin.api.containerd.services.ttrpc.events.v1.events_services import EVENTS
from tiffin.ttrpc import BlockingClient, Code, Context, Raw, RpcError, Server, implement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tiffin_testing.bundle import Bundle

pytestmark = [pytest.mark.requires("root", "containerd", "runc"), pytest.mark.usefixtures("nothing_left")]


class Events:
    """containerd's end of a shim: gets its events. remaining: seconds that each call had left when it came."""

    def __init__(self) -> None:
        self.topics: asyncio.Queue[str] = asyncio.Queue()
        self.contexts: list[Context] = []
        self.remaining: list[float | None] = []

    async def forward(self, request: events_pb2.ForwardRequest, context: Context) -> empty_pb2.Empty:
        self.contexts.append(context)
        self.remaining.append(context.remaining)
        self.topics.put_nowait(request.envelope.topic)
        return empty_pb2.Empty()


@asynccontextmanager
async def shim_of(bundle: Bundle, folder: Path, container: str) -> AsyncIterator[tuple[RuncShim, Events]]:
    events = Events()
    async with Server({EVENTS.name: implement(EVENTS, {"Forward": events.forward})}) as server:
        await server.listen(folder / "events")
        async with runc_shim(container, bundle.path, folder / "events") as shim:
            yield shim, events


async def test_a_container_lives_and_its_events_arrive(
    bundle_factory: Callable[..., Bundle], folder: Path, container_id: str
) -> None:
    # it lives until its start was told: the shim may tell an end before the start of what is short
    bundle = bundle_factory({"process": {"args": ["sh", "-c", "read line < /go; exit 3"]}})
    os.mkfifo(bundle.rootfs / "go")
    async with shim_of(bundle, folder, container_id) as (shim, events):

        async def call(method: str, request: Any, response: type[Any]) -> Any:
            return await shim.client.call(TASK, method, request, response, timeout=30)

        create = shim_pb2.CreateTaskRequest(id=container_id, bundle=str(bundle.path))
        created = await call("Create", create, shim_pb2.CreateTaskResponse)
        waiting = asyncio.create_task(
            call("Wait", shim_pb2.WaitRequest(id=container_id), shim_pb2.WaitResponse)
        )
        started = await call("Start", shim_pb2.StartRequest(id=container_id), shim_pb2.StartResponse)
        assert started.pid == created.pid
        topics = [await events.topics.get() for _ in range(2)]
        await asyncio.to_thread((bundle.rootfs / "go").write_text, "\n")
        assert (await waiting).exit_status == 3
        deleted = await call("Delete", shim_pb2.DeleteRequest(id=container_id), shim_pb2.DeleteResponse)
        assert (deleted.pid, deleted.exit_status) == (created.pid, 3)
        topics += [await events.topics.get() for _ in range(2)]
        assert topics == [f"/tasks/{name}" for name in ("create", "start", "exit", "delete")]
        assert events.contexts[0].metadata == {"containerd-namespace-ttrpc": (NAMESPACE,)}
        assert events.contexts[0].peer is not None
        assert events.contexts[0].peer.pid == shim.pid
        assert 0 < (events.remaining[0] or 0) <= 5


async def test_its_errors_are_ours(
    bundle_factory: Callable[..., Bundle], folder: Path, container_id: str
) -> None:
    async with shim_of(bundle_factory(), folder, container_id) as (shim, _):
        for service, method, code in (
            (TASK, "State", Code.NOT_FOUND),
            (TASK, "Nothing", Code.UNIMPLEMENTED),
            ("Nothing", "State", Code.UNIMPLEMENTED),
        ):
            with pytest.raises(RpcError) as caught:
                await shim.client.call(
                    service, method, shim_pb2.StateRequest(id=container_id), Raw, timeout=30
                )
            assert caught.value.code == code
            assert caught.value.message


async def test_many_calls_at_once(
    bundle_factory: Callable[..., Bundle], folder: Path, container_id: str
) -> None:
    async with shim_of(bundle_factory(), folder, container_id) as (shim, _):
        request = shim_pb2.ConnectRequest(id=container_id)
        calls = (
            shim.client.call(TASK, "Connect", request, shim_pb2.ConnectResponse, timeout=60)
            for _ in range(1000)
        )
        assert {answer.shim_pid for answer in await asyncio.gather(*calls)} == {shim.pid}


async def test_the_blocking_client(
    bundle_factory: Callable[..., Bundle], folder: Path, container_id: str
) -> None:
    def ask(address: str) -> int:
        with BlockingClient(address) as client:
            request = shim_pb2.ConnectRequest(id=container_id)
            pid = client.call(TASK, "Connect", request, shim_pb2.ConnectResponse, timeout=20).shim_pid
            with pytest.raises(RpcError) as caught:
                client.call(TASK, "State", shim_pb2.StateRequest(id=container_id), Raw, timeout=20)
            assert caught.value.code == Code.NOT_FOUND
            return pid

    async with shim_of(bundle_factory(), folder, container_id) as (shim, _):
        assert await asyncio.to_thread(ask, shim.address) == shim.pid


async def test_what_waits_when_it_is_killed_fails(
    bundle_factory: Callable[..., Bundle], folder: Path, container_id: str
) -> None:
    async with shim_of(bundle_factory(), folder, container_id) as (shim, _):
        shim.signal(signal.SIGSTOP)  # so that it does not answer
        request = shim_pb2.ConnectRequest(id=container_id)
        waiting = asyncio.gather(
            *(shim.client.call(TASK, "Connect", request, Raw) for _ in range(10)), return_exceptions=True
        )
        await asyncio.sleep(0)  # they are sent
        shim.signal(signal.SIGKILL)
        errors = await waiting
        assert [type(error) for error in errors] == [RpcError] * 10
        assert {error.code for error in errors if isinstance(error, RpcError)} == {Code.UNAVAILABLE}
        await shim.client.wait_closed()
