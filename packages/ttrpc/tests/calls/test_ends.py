"""Either end goes, in every state of a call: what waits fails, what works is cancelled, nothing is left."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from packages.ttrpc.tests.bare import bare_client, bare_server, frame, request
from packages.ttrpc.tests.echo import NAME, Echo, echoing

from tiffin.ttrpc import Client, Code, Context, Raw, RpcError, Server, unary
from tiffin.ttrpc.wire.frames import DATA, REMOTE_CLOSED, REMOTE_OPEN, RESPONSE


async def code_of(call: Any) -> Code:
    with pytest.raises(RpcError) as caught:
        await call
    return caught.value.code


async def open_call(client: Client, kind: str) -> Any:
    """A call that waits for its response."""
    if kind == "unary":
        return client.call(NAME, "Wait", Raw(), Raw)
    if kind == "unary_stream":
        return anext(await client.unary_stream(NAME, "Wait", Raw(), Raw))
    if kind == "stream_unary":
        stream = await client.stream_unary(NAME, "Stall", Raw)
        await stream.send(Raw())
        return stream.response()
    return anext(await client.stream_stream(NAME, "Each", Raw))


KINDS = ["unary", "unary_stream", "stream_unary", "stream_stream"]


@pytest.mark.parametrize("piece", [b"", b"\0\0\0", frame(1, RESPONSE, 0, b"1234")[:-2]])
@pytest.mark.parametrize("kind", KINDS)
async def test_what_waits_fails_when_the_server_goes(kind: str, piece: bytes) -> None:
    async with bare_server() as (client, bare):
        call = asyncio.create_task(code_of(await open_call(client, kind)))
        await bare.frame()
        bare.send(piece)
        await bare.close()
        assert await call == Code.UNAVAILABLE
        await client.wait_closed()
        assert not client.connected
        assert await code_of(client.call(NAME, "Echo", Raw(), Raw)) == Code.UNAVAILABLE
        assert await code_of(client.unary_stream(NAME, "Count", Raw(), Raw)) == Code.UNAVAILABLE


@pytest.mark.parametrize("kind", KINDS)
async def test_what_waits_fails_when_the_client_is_closed(kind: str) -> None:
    async with echoing() as (client, _):
        call = asyncio.create_task(code_of(await open_call(client, kind)))
        await asyncio.sleep(0)
        await client.close()
        assert await call == Code.UNAVAILABLE
        await client.close()  # again


async def test_a_stream_gives_what_came_before_its_server_went() -> None:
    async with bare_server() as (client, bare):
        stream = await client.unary_stream(NAME, "Count", Raw(), Raw)
        bare.send(frame(1, DATA, 0, b"0"), frame(1, DATA, 0, b"1"))
        await bare.close()
        await client.wait_closed()
        assert [await anext(stream), await anext(stream)] == [b"0", b"1"]
        assert await code_of(anext(stream)) == Code.UNAVAILABLE
        assert await code_of(stream.send(Raw())) == Code.UNAVAILABLE


@pytest.mark.parametrize(
    ("method", "flags"), [("Wait", 0), ("Forever", REMOTE_CLOSED), ("Stall", REMOTE_OPEN)]
)
@pytest.mark.parametrize("rest", [b"", b"\0\0\0\1\0\0"], ids=["between frames", "within a frame"])
async def test_handlers_are_cancelled_when_the_client_goes(method: str, flags: int, rest: bytes) -> None:
    async with bare_client() as (bare, echo):
        bare.send(request(1, method, b"x", flags), rest)
        await echo.began.wait()
        await bare.close()
        await echo.cancelled.wait()


async def test_a_client_that_sends_no_more_has_gone() -> None:
    """So it is for the Go implementation; responses that are under way still arrive."""
    async with bare_client() as (bare, echo):
        bare.send(request(1, "Echo"), request(3, "Wait"))
        await echo.began.wait()
        bare.writer.write_eof()
        assert await bare.code(1) == Code.OK
        assert await bare.frame() is None
        await echo.cancelled.wait()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_call_that_is_cancelled_leaves_the_others(kind: str) -> None:
    async with bare_server() as (client, bare):
        call = asyncio.create_task(await open_call(client, kind))
        await bare.frame()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        other = asyncio.create_task(client.call(NAME, "Echo", Raw(), Raw))
        bare.send(frame(1, RESPONSE, 0, b"\x12\x04late"), frame(3, RESPONSE, 0, b"\x12\x01x"))
        assert await other == b"x"


async def test_a_stream_that_was_given_up_takes_and_gives_no_more() -> None:
    async with echoing() as (client, _):
        async with await client.stream_stream(NAME, "Each", Raw) as stream:
            await stream.send(Raw(b"a"))
            assert await anext(stream) == b"A"
        assert await code_of(anext(stream)) == Code.CANCELLED
        assert await code_of(stream.send(Raw(b"b"))) == Code.CANCELLED
        assert not client._connection._receivers
        assert await client.call(NAME, "Echo", Raw(b"on"), Raw) == b"on"


async def test_a_stream_that_is_closed_takes_no_more() -> None:
    async with echoing() as (client, _):
        stream = await client.stream_unary(NAME, "Join", Raw)
        await stream.close_send()
        assert await code_of(stream.send(Raw(b"b"))) == Code.FAILED_PRECONDITION
        assert await code_of(stream.close_send()) == Code.FAILED_PRECONDITION
        assert await stream.response() == b""
        stream = await client.unary_stream(NAME, "Count", Raw(b"1"), Raw)
        assert await code_of(stream.send(Raw(b"b"))) == Code.FAILED_PRECONDITION


async def test_a_reader_that_is_cancelled_loses_no_message() -> None:
    async with bare_server() as (client, bare):
        stream = await client.unary_stream(NAME, "Count", Raw(), Raw)
        reader = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await anext(stream)  # two at once
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        bare.send(frame(1, DATA, 0, b"0"))
        assert await anext(stream) == b"0"


async def test_a_server_that_shuts_down_answers_what_it_has() -> None:
    echo = Echo()
    server = Server(echo.services)
    busy, idle = socket.socketpair(), socket.socketpair()
    await server.serve(busy[1])
    await server.serve(idle[1])
    async with await Client.on(busy[0]) as client, await Client.on(idle[0]) as other:
        call = asyncio.create_task(client.call(NAME, "Wait", Raw(b"done"), Raw))
        await echo.began.wait()
        ending = asyncio.create_task(server.shutdown())
        await other.wait_closed()
        assert await code_of(client.call(NAME, "Echo", Raw(), Raw)) == Code.UNAVAILABLE
        echo.go.set()
        assert await call == b"done"
        await ending
        await client.wait_closed()
        await server.wait_closed()


async def test_a_server_that_has_shut_down_in_vain_cancels() -> None:
    async with echoing() as (client, echo):
        call = asyncio.create_task(code_of(client.call(NAME, "Wait", Raw(), Raw)))
        await echo.began.wait()
        assert echo.server is not None
        await echo.server.shutdown(0.01)
        assert echo.cancelled.is_set()
        assert await call == Code.UNAVAILABLE


async def test_close_waits_for_handlers_that_clean_up() -> None:
    began, cleaned = asyncio.Event(), asyncio.Event()

    async def slow(request: Raw, _: Context) -> Raw:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            for _turn in range(10):
                await asyncio.sleep(0)
            cleaned.set()
        return request

    server = Server({NAME: {"Slow": unary(Raw, Raw, slow)}})
    ours, theirs = socket.socketpair()
    await server.serve(theirs)
    async with await Client.on(ours) as client:
        call = asyncio.create_task(code_of(client.call(NAME, "Slow", Raw(), Raw)))
        await began.wait()
        await server.close()
        assert cleaned.is_set()
        assert await call == Code.UNAVAILABLE
    await server.close()  # again


async def test_close_waits_for_handlers_whose_client_has_gone() -> None:
    began, cleaned, go = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(request: Raw, _: Context) -> Raw:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await go.wait()
            cleaned.set()
        return request

    server = Server({NAME: {"Slow": unary(Raw, Raw, slow)}})
    ours, theirs = socket.socketpair()
    await server.serve(theirs)
    client = await Client.on(ours)
    call = asyncio.create_task(code_of(client.call(NAME, "Slow", Raw(), Raw)))
    await began.wait()
    await client.close()
    await call
    asyncio.get_running_loop().call_soon(go.set)
    await server.close()
    assert cleaned.is_set()


@pytest.mark.parametrize("seconds", [None, 0.01], ids=["client gone", "deadline before"])
async def test_a_handler_is_cancelled_once(seconds: float | None) -> None:
    """It may clean up undisturbed, whatever else ends meanwhile."""
    began, cancelled, go, cleaned = (asyncio.Event() for _ in range(4))

    async def slow(request: Raw, _: Context) -> Raw:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
            await go.wait()
            cleaned.set()
        return request

    server = Server({NAME: {"Slow": unary(Raw, Raw, slow)}})
    ours, theirs = socket.socketpair()
    await server.serve(theirs)
    client = await Client.on(ours)
    call = asyncio.create_task(code_of(client.call(NAME, "Slow", Raw(), Raw, timeout=seconds)))
    await began.wait()
    if seconds is None:
        await client.close()
    await cancelled.wait()
    await client.close()
    await call
    closing = asyncio.create_task(server.close())
    for _turn in range(10):
        await asyncio.sleep(0)
    assert not closing.done()
    go.set()
    await closing
    assert cleaned.is_set()


async def test_a_loop_whose_tasks_are_eager() -> None:
    if not hasattr(asyncio, "eager_task_factory"):
        pytest.skip("Python 3.12 has eager tasks")
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    async with echoing() as (client, echo):
        assert await client.call(NAME, "Echo", Raw(b"x"), Raw, timeout=60) == b"x"
        assert [each async for each in await client.unary_stream(NAME, "Count", Raw(b"3"), Raw)] == [
            b"0",
            b"1",
            b"2",
        ]
        assert echo.server is not None
        (connection,) = echo.server._connections
        assert not connection._calls
        assert not connection.tasks


async def test_a_handler_cannot_wait_for_the_end_of_its_server() -> None:
    async def end(request: Raw, _: Context) -> Raw:
        with pytest.raises(RuntimeError):
            await server.shutdown()
        return request

    async with Server({NAME: {"End": unary(Raw, Raw, end)}}) as server:
        ours, theirs = socket.socketpair()
        await server.serve(theirs)
        async with await Client.on(ours) as client:
            assert await client.call(NAME, "End", Raw(b"x"), Raw) == b"x"


async def test_a_connection_that_has_used_all_numbers_says_so() -> None:
    async with echoing() as (client, _):
        client._connection._next_stream = 2**32 - 1
        assert await client.call(NAME, "Echo", Raw(b"last"), Raw) == b"last"
        assert await code_of(client.call(NAME, "Echo", Raw(), Raw)) == Code.UNAVAILABLE
