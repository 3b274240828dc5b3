"""Every call is seen from beginning to end, with its code, and those that wait are ended at a stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import StatusCode, aio
from packages.manager.tests.tiffind import short_folder

from tiffin.manager.observability import requests
from tiffin.manager.observability.requests import Method, Requests

SERVICE = "test.Service"


class Counting:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.begun: list[Method] = []
        self.codes: asyncio.Queue[tuple[str, StatusCode]] = asyncio.Queue()

    def started(self, method: Method) -> None:
        self.begun.append(method)

    def ended(self, method: Method, code: StatusCode, seconds: float) -> None:
        assert seconds >= 0
        self.codes.put_nowait((method.path.rpartition("/")[2], code))


async def echo(request: bytes, context: Any) -> bytes:
    if request == b"abort":
        await context.abort(StatusCode.NOT_FOUND, "no")
    if request == b"raise":
        raise ValueError("mistake")
    return request


async def count(request: bytes, context: Any) -> AsyncIterator[bytes]:
    for number in range(int(request)):
        yield b"%d" % number


async def wait(request: bytes, context: Any) -> bytes:
    await asyncio.Event().wait()
    return b""


async def watch(request: bytes, context: Any) -> AsyncIterator[bytes]:
    yield b"first"
    await asyncio.Event().wait()


async def talk(items: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
    async for item in items:
        yield item


async def written(request: bytes, context: Any) -> None:
    """A stream as the library for health checks has it: a coroutine that writes."""
    await context.write(b"written")


def handlers() -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "Echo": grpc.unary_unary_rpc_method_handler(echo),
            "Wait": grpc.unary_unary_rpc_method_handler(wait),
            "Count": grpc.unary_stream_rpc_method_handler(count),
            "Watch": grpc.unary_stream_rpc_method_handler(watch),
            "Written": grpc.unary_stream_rpc_method_handler(written),
            "Talk": grpc.stream_stream_rpc_method_handler(talk),
        },
    )


Work = Callable[[Any, Requests, Counting, aio.Server], Awaitable[None]]


def serving(work: Work) -> None:
    """Runs a test's work beside a server."""

    async def run(folder: Path) -> None:
        watched, observer = Requests(), Counting()
        watched.observers.append(observer)
        server = aio.server(interceptors=(watched,))
        server.add_generic_rpc_handlers((handlers(),))
        server.add_insecure_port(f"unix:{folder}/s")
        await server.start()
        async with aio.insecure_channel(f"unix:{folder}/s") as channel:
            await asyncio.wait_for(work(channel, watched, observer, server), 30)
        await server.stop(None)

    with short_folder() as folder:
        asyncio.run(run(folder))


def unary(channel: Any, name: str, request: bytes) -> Any:
    return channel.unary_unary(f"/{SERVICE}/{name}")(request)


def stream(channel: Any, name: str, request: bytes) -> Any:
    return channel.unary_stream(f"/{SERVICE}/{name}")(request)


async def code_of(call: Any) -> StatusCode:
    """The code that it ends with."""
    if hasattr(call, "read"):
        with suppress(aio.AioRpcError):
            while await call.read() is not aio.EOF:
                pass
    found: StatusCode = await call.code()
    return found


def test_codes() -> None:
    async def work(channel: Any, watched: Requests, observer: Counting, server: aio.Server) -> None:
        assert await unary(channel, "Echo", b"x") == b"x"
        assert await observer.codes.get() == ("Echo", StatusCode.OK)
        assert await code_of(unary(channel, "Echo", b"abort")) is StatusCode.NOT_FOUND
        assert await observer.codes.get() == ("Echo", StatusCode.NOT_FOUND)
        assert await code_of(unary(channel, "Echo", b"raise")) is StatusCode.UNKNOWN
        assert await observer.codes.get() == ("Echo", StatusCode.UNKNOWN)
        assert await code_of(unary(channel, "None", b"")) is StatusCode.UNIMPLEMENTED
        assert [method.kind for method in observer.begun] == ["unary"] * 3
        assert watched.running == 0

    serving(work)


def test_streams_of_all_kinds() -> None:
    async def work(channel: Any, watched: Requests, observer: Counting, server: aio.Server) -> None:
        assert [each async for each in stream(channel, "Count", b"3")] == [b"0", b"1", b"2"]
        assert [each async for each in stream(channel, "Written", b"")] == [b"written"]
        call = channel.stream_stream(f"/{SERVICE}/Talk")(iter([b"a", b"b"]))
        assert [each async for each in call] == [b"a", b"b"]
        found = [await observer.codes.get() for _ in range(3)]
        assert found == [(name, StatusCode.OK) for name in ("Count", "Written", "Talk")]
        assert [method.kind for method in observer.begun] == ["server_stream", "server_stream", "bidi_stream"]

    serving(work)


def test_clients_that_go_away() -> None:
    async def work(channel: Any, watched: Requests, observer: Counting, server: aio.Server) -> None:
        call = stream(channel, "Watch", b"")
        assert await call.read() == b"first"
        call.cancel()
        assert await observer.codes.get() == ("Watch", StatusCode.CANCELLED)
        late = channel.unary_unary(f"/{SERVICE}/Wait")(b"", timeout=1)
        assert await code_of(late) is StatusCode.DEADLINE_EXCEEDED
        assert await observer.codes.get() == ("Wait", StatusCode.CANCELLED)
        assert watched.running == 0

    serving(work)


def test_a_stop_ends_those_that_wait_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "PATIENT", {f"/{SERVICE}/Watch": 0.0})

    async def work(channel: Any, watched: Requests, observer: Counting, server: aio.Server) -> None:
        watching, waiting = stream(channel, "Watch", b""), unary(channel, "Wait", b"")
        assert await watching.read() == b"first"
        await unary(channel, "Echo", b"those before it have begun")
        assert watched.running == 2
        watched.stop()
        assert await code_of(watching) is StatusCode.UNAVAILABLE
        assert await code_of(stream(channel, "Watch", b"")) is StatusCode.UNAVAILABLE
        assert watched.running == 1
        assert await unary(channel, "Echo", b"still") == b"still"
        waiting.cancel()

    serving(work)


def test_many_streams_that_are_given_up_do_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    """grpc.aio has read freed memory here: a context was asked for its peer when its client had gone."""
    caplog.set_level("DEBUG", "tiffin.manager.requests")

    async def work(channel: Any, watched: Requests, observer: Counting, server: aio.Server) -> None:
        for _ in range(300):
            call = stream(channel, "Count", b"1000")
            await call.read()
            call.cancel()
        for _ in range(300):
            await observer.codes.get()
        assert await unary(channel, "Echo", b"still") == b"still"

    serving(work)
    logged = [record for record in caplog.records if record.name == "tiffin.manager.requests"]
    assert any(record.__dict__["fields"]["code"] == "CANCELLED" for record in logged)
