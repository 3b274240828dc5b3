"""Timeouts are sent, seen by the handler, and hold at both ends; metadata and the caller are seen too."""

from __future__ import annotations

import asyncio
import os

import pytest
from packages.ttrpc.tests.bare import bare_client, bare_server, request
from packages.ttrpc.tests.echo import NAME, echoing

from tiffin.ttrpc import Code, Raw, RpcError
from tiffin.ttrpc.wire.envelope import Response
from tiffin.ttrpc.wire.frames import DATA, REMOTE_CLOSED, REMOTE_OPEN

SOON = 0.05


async def expires(call: asyncio.Future[Raw]) -> None:
    with pytest.raises(RpcError) as caught:
        await call
    assert caught.value.code == Code.DEADLINE_EXCEEDED


async def test_the_handler_sees_what_is_left() -> None:
    async with echoing() as (client, echo):
        await client.call(NAME, "Echo", Raw(), Raw, timeout=40)
        await client.call(NAME, "Echo", Raw(), Raw)
        first, second = echo.contexts
        assert 30 < (first.remaining or 0) <= 40
        assert (second.remaining, second.deadline) == (None, None)


async def test_the_handler_sees_metadata_and_who_calls() -> None:
    async with echoing() as (client, echo):
        await client.call(NAME, "Echo", Raw(), Raw, metadata={"Namespace": "default", "many": ["a", "b"]})
        (context,) = echo.contexts
        assert context.metadata == {"namespace": ("default",), "many": ("a", "b")}
        assert (context.service, context.method) == (NAME, "Echo")
        assert context.peer is not None
        assert (context.peer.pid, context.peer.uid) == (os.getpid(), os.geteuid())


async def test_a_call_that_takes_too_long_fails_and_its_handler_is_cancelled() -> None:
    async with echoing() as (client, echo):
        await expires(asyncio.ensure_future(client.call(NAME, "Wait", Raw(), Raw, timeout=SOON)))
        await echo.cancelled.wait()
        assert await client.call(NAME, "Echo", Raw(b"still"), Raw) == b"still"


async def test_the_client_keeps_it_where_the_server_does_not() -> None:
    async with bare_server() as (client, _):
        await expires(asyncio.ensure_future(client.call(NAME, "Wait", Raw(), Raw, timeout=SOON)))


@pytest.mark.parametrize(
    ("method", "flags"), [("Wait", 0), ("Forever", REMOTE_CLOSED), ("Stall", REMOTE_OPEN)]
)
async def test_the_server_keeps_it_where_the_client_does_not(method: str, flags: int) -> None:
    async with bare_client() as (bare, echo):
        bare.send(request(1, method, b"x", flags, timeout=int(SOON * 1e9)))
        while (answer := await bare.frame()) is not None and answer.kind == DATA:
            pass
        assert answer is not None
        assert Response.decode(answer.data).status.code == Code.DEADLINE_EXCEEDED
        await echo.cancelled.wait()


@pytest.mark.parametrize("seconds", [0, -1, -1e12])
async def test_a_call_that_is_too_late_already_is_not_made(seconds: float) -> None:
    async with echoing() as (client, echo):
        await expires(asyncio.ensure_future(client.call(NAME, "Echo", Raw(), Raw, timeout=seconds)))
        assert echo.contexts == []


async def test_a_negative_timeout_of_a_client_has_passed() -> None:
    async with bare_client() as (bare, echo):
        bare.send(request(1, "Echo", timeout=-1))
        assert await bare.code(1) == Code.DEADLINE_EXCEEDED
        assert echo.contexts == []


async def test_a_stream_has_a_deadline_too() -> None:
    async with echoing() as (client, _):
        stream = await client.stream_stream(NAME, "Each", Raw, timeout=SOON)
        with pytest.raises(RpcError) as caught:
            await anext(stream)
        assert caught.value.code == Code.DEADLINE_EXCEEDED
        with pytest.raises(RpcError) as caught:
            await stream.send(Raw())
        assert caught.value.code == Code.DEADLINE_EXCEEDED
        assert await client.call(NAME, "Echo", Raw(b"still"), Raw) == b"still"
