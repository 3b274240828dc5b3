"""One request, one response."""

from __future__ import annotations

import asyncio

import pytest
from packages.ttrpc.tests.echo import NAME, echoing

from tiffin.ttrpc import Code, Raw, RpcError


async def test_the_response_belongs_to_its_request() -> None:
    async with echoing() as (client, _):
        requests = [Raw(b"%d" % number) for number in range(100)]
        answers = await asyncio.gather(*(client.call(NAME, "Echo", each, Raw) for each in requests))
        assert answers == requests


async def test_a_slow_call_does_not_stop_others() -> None:
    async with echoing() as (client, echo):
        slow = asyncio.create_task(client.call(NAME, "Wait", Raw(b"slow"), Raw))
        await echo.began.wait()
        assert await client.call(NAME, "Echo", Raw(b"fast"), Raw) == b"fast"
        echo.go.set()
        assert await slow == b"slow"


async def test_an_error_comes_with_code_and_message() -> None:
    async with echoing() as (client, _):
        with pytest.raises(RpcError) as caught:
            await client.call(NAME, "Fail", Raw(b"no such thing"), Raw)
        assert (caught.value.code, caught.value.message) == (Code.NOT_FOUND, "no such thing")


@pytest.mark.parametrize(("service", "method"), [("test.Other", "Echo"), (NAME, "Other"), ("", "")])
async def test_what_is_not_there_is_unimplemented(service: str, method: str) -> None:
    async with echoing() as (client, _):
        with pytest.raises(RpcError) as caught:
            await client.call(service, method, Raw(), Raw)
        assert caught.value.code == Code.UNIMPLEMENTED
