"""Many requests, many responses, and both."""

from __future__ import annotations

import pytest
from packages.ttrpc.tests.echo import NAME, echoing

from tiffin.ttrpc import Code, Raw, RpcError


@pytest.mark.parametrize("count", [0, 1, 500])
async def test_many_responses(count: int) -> None:
    async with echoing() as (client, _):
        stream = await client.unary_stream(NAME, "Count", Raw(b"%d" % count), Raw)
        assert [int(each) async for each in stream] == list(range(count))


@pytest.mark.parametrize("count", [0, 1, 500])
async def test_many_requests(count: int) -> None:
    async with echoing() as (client, _):
        stream = await client.stream_unary(NAME, "Join", Raw)
        for number in range(count):
            await stream.send(Raw(b"%d" % number))
        assert await stream.response() == b",".join(b"%d" % number for number in range(count))


async def test_both_take_turns() -> None:
    async with echoing() as (client, _):
        stream = await client.stream_stream(NAME, "Each", Raw)
        for word in (b"a", b"", b"bc"):
            await stream.send(Raw(word))
            assert await anext(stream) == word.upper()
        await stream.close_send()
        assert [each async for each in stream] == []


async def test_a_stream_that_fails_gives_what_came_before() -> None:
    async with echoing() as (client, _):
        stream = await client.stream_stream(NAME, "Each", Raw)
        await stream.send(Raw(b"a"))
        await stream.send(Raw(b"fail"))
        assert await anext(stream) == b"A"
        with pytest.raises(RpcError) as caught:
            await anext(stream)
        assert caught.value.code == Code.ABORTED
        with pytest.raises(RpcError) as caught:
            await stream.send(Raw(b"more"))
        assert caught.value.code == Code.ABORTED
