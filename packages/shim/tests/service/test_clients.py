"""Clients that leave, send nonsense, or ask for what there is not, while a real container lives in the shim."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import socket
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from packages.shim.tests.command.shims import start

from tiffin.api.containerd.runtime.task.v3 import shim_pb2 as pb
from tiffin.api.containerd.runtime.task.v3.shim_services import TASK
from tiffin.api.containerd.services.ttrpc.events.v1.events_services import EVENTS
from tiffin.api.containerd.types.runc.options.oci_pb2 import Options
from tiffin.api.containerd.types.task import task_pb2
from tiffin.api.typeurl import pack
from tiffin.ttrpc import Client, Code, Context, Raw, RpcError, Server, implement
from tiffin.ttrpc.wire.envelope import Request
from tiffin.ttrpc.wire.frames import REQUEST, encode_frame

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from google.protobuf.message import Message

    from tiffin_testing.bundle import Bundle

pytestmark = [
    pytest.mark.requires("root", "runc", "busybox", "cgroup_v1"),
    pytest.mark.usefixtures("nothing_left"),
]

SECONDS = 30.0
SEED = 20261127


class Shim:
    """A shim, whose containerd the test is. events: topics, as they come."""

    def __init__(self, address: str, bundle: Path, events: asyncio.Queue[str]) -> None:
        self.address = address
        self.bundle = bundle
        self.events = events

    async def ask(self, method: str, request: Message) -> Any:
        """One call, on a connection of its own."""
        types: Any = TASK.methods[method]
        async with await Client.connect(self.address) as client:
            return await client.call(TASK.name, method, request, types.response, timeout=SECONDS)

    def ask_and_leave(self, method: str, request: Message) -> None:
        """A whole request, by a client that does not stay for the answer."""
        envelope = Request(TASK.name, method, request.SerializeToString(), 0, ())
        self.send(encode_frame(1, REQUEST, 0, envelope.encode()))

    def send(self, data: bytes) -> None:
        """Bytes, by a client that leaves at once. One that is cut off before is no harm."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.address.removeprefix("unix://"))
            try:
                client.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                return

    async def end(self) -> None:
        """Of the container."""
        await self.ask("Kill", pb.KillRequest(id="one", signal=9))
        await self.ask("Wait", pb.WaitRequest(id="one"))
        await self.ask("Delete", pb.DeleteRequest(id="one"))

    async def until(self, topic: str) -> None:
        """The next event is of this topic."""
        async with asyncio.timeout(SECONDS):
            assert await self.events.get() == topic


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@asynccontextmanager
async def serving(folder: Path, bundle: Path) -> AsyncIterator[Shim]:
    events: asyncio.Queue[str] = asyncio.Queue()

    async def forward(request: Any, _: Context) -> Raw:
        events.put_nowait(request.envelope.topic)
        return Raw()

    os.mkfifo(bundle / "log")
    log = os.open(bundle / "log", os.O_RDONLY | os.O_NONBLOCK)
    try:
        async with Server({EVENTS.name: implement(EVENTS, {"Forward": forward})}) as server:
            await server.listen(folder / "events")
            started = await asyncio.to_thread(
                start, bundle, "one", folder, containerd_ttrpc_address=f"{folder}/events"
            )
            shim = Shim(started.address, bundle, events)
            try:
                yield shim
            except BaseException:
                await shim.end()
                raise
            finally:
                await asyncio.to_thread(started.shut_down)
    finally:
        os.close(log)


def creation(shim: Shim, folder: Path) -> pb.CreateTaskRequest:
    options = pack(Options(binary_name="runc", root=f"{folder}/state"))
    return pb.CreateTaskRequest(id="one", bundle=str(shim.bundle), options=options)


@pytest.fixture(autouse=True)
def no_template(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would end a moment after the test."""
    monkeypatch.setenv("TIFFIN_SHIM_TEMPLATE", "no")


@pytest.fixture
def bundle(bundle_factory: Callable[..., Bundle]) -> Path:
    return bundle_factory({"process": {"args": ["sleep", "1000"], "terminal": False}}).path


async def test_a_whole_life_for_clients_that_never_stay(folder: Path, bundle: Path) -> None:
    process = json.dumps(
        {"args": ["sleep", "1000"], "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}
    )
    async with serving(folder, bundle) as shim:
        steps: list[tuple[str, Message, tuple[str, ...]]] = [
            ("Create", creation(shim, folder), ("create",)),
            ("Start", pb.StartRequest(id="one"), ("start",)),
            (
                "Exec",
                pb.ExecProcessRequest(id="one", exec_id="two", spec=AnyMessage(value=process.encode())),
                ("exec-added",),
            ),
            ("Start", pb.StartRequest(id="one", exec_id="two"), ("exec-started",)),
            ("Pause", pb.PauseRequest(id="one"), ("paused",)),
            ("Resume", pb.ResumeRequest(id="one"), ("resumed",)),
            ("Kill", pb.KillRequest(id="one", signal=9), ("exit", "exit")),
            ("Delete", pb.DeleteRequest(id="one"), ("delete",)),
        ]
        for method, request, topics in steps:
            shim.ask_and_leave(method, request)
            for topic in topics:
                await shim.until(f"/tasks/{topic}")
        with pytest.raises(RpcError) as caught:
            await shim.ask("State", pb.StateRequest(id="one"))
        assert caught.value.code == Code.NOT_FOUND


async def test_who_waits_and_leaves_is_forgotten(folder: Path, bundle: Path) -> None:
    async with serving(folder, bundle) as shim:
        await shim.ask("Create", creation(shim, folder))
        await shim.ask("Start", pb.StartRequest(id="one"))
        for _ in range(200):
            shim.ask_and_leave("Wait", pb.WaitRequest(id="one"))
        state = await shim.ask("State", pb.StateRequest(id="one"))
        assert state.status == task_pb2.RUNNING
        await shim.end()


async def test_nonsense_on_the_wire_does_the_container_no_harm(folder: Path, bundle: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311  # the same nonsense each time
    async with serving(folder, bundle) as shim:
        await shim.ask("Create", creation(shim, folder))
        await shim.ask("Start", pb.StartRequest(id="one"))
        for _ in range(300):
            payload = chance.randbytes(chance.randrange(200))
            method = chance.choice([*TASK.methods, "Explode", ""])
            if method not in {"Kill", "Delete", "Pause", "Shutdown"}:  # by chance they might be understood
                shim.send(encode_frame(1, REQUEST, 0, Request(TASK.name, method, payload, 0, ()).encode()))
            shim.send(chance.randbytes(chance.randrange(100)))
        assert (await shim.ask("State", pb.StateRequest(id="one"))).status == task_pb2.RUNNING
        await shim.end()


async def test_requests_that_make_no_sense_have_a_clear_answer(folder: Path, bundle: Path) -> None:
    async with serving(folder, bundle) as shim:
        await shim.ask("Create", creation(shim, folder))
        refused: list[tuple[str, Message, Code]] = [
            ("Create", creation(shim, folder), Code.ALREADY_EXISTS),
            ("Create", pb.CreateTaskRequest(id="two", bundle="/nowhere"), Code.NOT_FOUND),
            ("Create", pb.CreateTaskRequest(id="../two", bundle=str(bundle)), Code.INVALID_ARGUMENT),
            ("Exec", pb.ExecProcessRequest(id="one", exec_id="../x"), Code.INVALID_ARGUMENT),
            (
                "Exec",
                pb.ExecProcessRequest(id="one", exec_id="x", spec=AnyMessage(value=b"{")),
                Code.INVALID_ARGUMENT,
            ),
            ("Start", pb.StartRequest(id="one", exec_id="nobody"), Code.NOT_FOUND),
            ("Resume", pb.ResumeRequest(id="one"), Code.FAILED_PRECONDITION),
            ("Kill", pb.KillRequest(id="one", signal=4000), Code.INVALID_ARGUMENT),
            ("Kill", pb.KillRequest(id="nobody", signal=9), Code.NOT_FOUND),
        ]
        for method, request, code in refused:
            with pytest.raises(RpcError) as caught:
                await shim.ask(method, request)
            assert caught.value.code == code, (method, request, caught.value)
        await shim.ask("Delete", pb.DeleteRequest(id="one"))
