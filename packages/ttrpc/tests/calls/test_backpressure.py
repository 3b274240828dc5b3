"""Who does not read bounds what is kept for him, and stops nobody else for long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from packages.ttrpc.tests.bare import bare_client, request
from packages.ttrpc.tests.echo import NAME, Echo, echoing

from tiffin.ttrpc import Code, Limits, Raw, RpcError
from tiffin.ttrpc.wire.frames import RESPONSE

BLOCK = Raw(bytes(1000))
PATIENT = Limits(stream_messages=8, patience=1000)
IMPATIENT = Limits(stream_messages=8, patience=0.05)
MOST = 1500  # blocks that buffers hold: half a megabyte of ours, and what the kernel takes


async def settled(quantity: Any) -> int:
    """What a number is when it has not changed for many turns of the loop."""
    last, turns = quantity(), 0
    while turns < 200:
        await asyncio.sleep(0)
        turns = turns + 1 if quantity() == last else 0
        last = quantity()
    return int(last)


def only_connection(echo: Echo) -> Any:
    assert echo.server is not None
    (connection,) = echo.server._connections
    return connection


async def send_for_ever(stream: Any) -> None:
    while True:
        await stream.send(BLOCK)


async def test_a_reader_that_stops_stops_the_sender() -> None:
    async with echoing(PATIENT) as (client, echo):
        stream = await client.unary_stream(NAME, "Forever", BLOCK, Raw)
        assert 8 <= await settled(lambda: echo.sent) < MOST
        assert not only_connection(echo).writable
        for _ in range(3 * MOST):
            assert await anext(stream) == BLOCK
        assert echo.sent < 5 * MOST


async def test_a_reader_that_stops_for_too_long_fails_alone() -> None:
    async with echoing(Limits(), IMPATIENT) as (client, _):
        stream = await client.unary_stream(NAME, "Count", Raw(b"1000"), Raw)
        while not stream._inbox.ended:  # others wait for that at the most
            assert await client.call(NAME, "Echo", Raw(b"on"), Raw) == b"on"
        with pytest.raises(RpcError) as caught:
            await anext(stream)
        assert caught.value.code == Code.RESOURCE_EXHAUSTED


async def test_a_handler_that_stops_stops_the_sender() -> None:
    async with echoing(PATIENT) as (client, echo):
        stream = await client.stream_unary(NAME, "Stall", Raw)
        sent = 0

        async def send() -> None:
            nonlocal sent
            while True:
                await stream.send(BLOCK)
                sent += 1

        sending = asyncio.create_task(send())
        assert 8 <= await settled(lambda: sent) < MOST
        echo.go.set()  # the handler answers
        assert await anext(stream) == BLOCK
        with pytest.raises(RpcError) as caught:
            await sending
        assert caught.value.code == Code.FAILED_PRECONDITION
        assert await client.call(NAME, "Echo", Raw(b"on"), Raw) == b"on"


async def test_a_handler_that_stops_for_too_long_fails_alone() -> None:
    async with echoing(IMPATIENT, Limits()) as (client, echo):
        stream = await client.stream_unary(NAME, "Stall", Raw)
        with pytest.raises(RpcError) as caught:
            await send_for_ever(stream)
        assert caught.value.code == Code.RESOURCE_EXHAUSTED
        await echo.cancelled.wait()
        assert await client.call(NAME, "Echo", Raw(b"on"), Raw) == b"on"


@pytest.mark.parametrize("limits", [PATIENT, Limits(stream_bytes=3000), Limits(write_buffer=0)])
async def test_many_messages_go_through_small_buffers(limits: Limits) -> None:
    async with echoing(limits) as (client, _):
        stream = await client.stream_stream(NAME, "Each", Raw)

        async def send() -> None:
            for number in range(3000):
                await stream.send(Raw(b"%d" % number * 100))
            await stream.close_send()

        sending = asyncio.create_task(send())
        assert [each async for each in stream] == [b"%d" % number * 100 for number in range(3000)]
        await sending


async def test_a_client_that_takes_no_responses_gives_no_more_requests() -> None:
    async with bare_client(Limits(write_buffer=64 * 1024)) as (bare, echo):
        numbers = range(1, 6001, 2)
        bare.send(*(request(number, "Echo", BLOCK) for number in numbers))
        assert 0 < await settled(lambda: len(echo.contexts)) < MOST
        assert only_connection(echo).transport.get_write_buffer_size() < 256 * 1024
        for number in numbers:
            answer = await bare.frame()
            assert answer is not None
            assert (answer.stream, answer.kind) == (number, RESPONSE)


async def test_a_client_that_takes_no_responses_can_go() -> None:
    async with bare_client(Limits(write_buffer=64 * 1024)) as (bare, echo):
        bare.send(request(1, "Wait"), *(request(number, "Echo", BLOCK) for number in range(3, 6001, 2)))
        await settled(lambda: len(echo.contexts))
        bare.writer.transport.abort()
        await echo.cancelled.wait()


async def test_calls_wait_for_a_server_that_does_not_read() -> None:
    async with echoing(Limits(write_buffer=1000)) as (client, echo):
        only_connection(echo).hold()
        big = Raw(bytes(1_000_000))
        calls = [asyncio.create_task(client.call(NAME, "Echo", big, Raw)) for _ in range(20)]
        late = asyncio.create_task(client.call(NAME, "Echo", big, Raw, timeout=0.05))
        with pytest.raises(RpcError) as caught:
            await late
        assert caught.value.code == Code.DEADLINE_EXCEEDED
        assert client._connection.transport.get_write_buffer_size() < 2_000_000
        only_connection(echo).release()
        assert await asyncio.gather(*calls) == [big] * 20


async def test_a_handler_that_never_waits_stops_nobody() -> None:
    """As if its reader were as quick as it is: what it sends never fills the buffer."""
    async with echoing(Limits(write_buffer=1 << 30, patience=1000)) as (client, echo):
        stream = await client.unary_stream(NAME, "Forever", Raw(b"x"), Raw)
        assert await client.call(NAME, "Echo", Raw(b"on"), Raw) == b"on"
        assert await anext(stream) == b"x"
        await client.close()
        await echo.cancelled.wait()
