"""Any bytes, at either end: nothing is raised where nobody sees it, and the next connection works."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import Any

import pytest
from packages.ttrpc.tests.bare import bare_client, bare_server, frame, request
from packages.ttrpc.tests.echo import NAME

from tiffin.ttrpc import Limits, Raw, RpcError
from tiffin.ttrpc.wire.frames import FrameParser

SEEDS = range(20)
LIMITS = Limits(message=2000, requests=20, patience=0.01, stream_messages=4)
METHODS = ("Echo", "Wait", "Fail", "Count", "Forever", "Join", "Each", "Stall", "Nothing")


def traffic(chance: random.Random) -> bytes:
    """Frames that are mostly right, with some damage."""
    parts = []
    for number in range(chance.randrange(60)):
        stream = chance.choice([1, 3, 2 * number + 1, chance.randrange(100), 2**32 - 1])
        payload = chance.choice([b"", b"3", b"fail", bytes(chance.randrange(2500))])
        flags = chance.choice([0, 1, 2, 4, 5, chance.randrange(256)])
        if chance.random() < 0.6:
            method = chance.choice(METHODS)
            timeout = chance.choice([0, 0, 1, -1, 10**6])
            parts.append(request(stream, method, payload, flags, timeout))
        else:
            parts.append(frame(stream, chance.choice([1, 2, 3, 9]), flags, payload))
    data = bytearray(b"".join(parts))
    if chance.random() < 0.5:
        for _ in range(chance.randrange(5)):
            place = chance.randrange(len(data) + 1)
            data[place : place + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
    return bytes(data)


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_server_survives(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # nothing to hide
    async with bare_client(LIMITS) as (bare, echo):
        assert echo.server is not None
        echo.go.set()
        for _ in range(20):
            ours, theirs = socket.socketpair()
            await echo.server.serve(theirs)
            reader, writer = await asyncio.open_unix_connection(sock=ours)
            data = traffic(chance)
            for place in sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(4))):
                writer.write(data[:place])
                data = data[place:]
                await asyncio.sleep(0)
            writer.write(data)
            parser = FrameParser()
            for _ in range(chance.randrange(20)):
                parser.feed(await asyncio.wait_for(_some(reader), 30))
            writer.transport.abort()
        bare.send(request(1, "Echo", b"on"))
        await bare.expect(frame(1, 2, 0, b"\x12\x02on"))


async def _some(reader: asyncio.StreamReader) -> bytes:
    """What there is, after one turn of the loop."""
    await asyncio.sleep(0)
    reading = asyncio.ensure_future(reader.read(65536))
    await asyncio.sleep(0)
    if reading.done():
        return reading.result()
    reading.cancel()
    return b""


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_client_survives(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # nothing to hide
    for _ in range(20):
        async with bare_server(LIMITS) as (client, bare):
            calls: list[Any] = [
                asyncio.ensure_future(client.call(NAME, "Echo", Raw(), Raw)),
                asyncio.ensure_future(anext(await client.unary_stream(NAME, "Count", Raw(), Raw))),
                asyncio.ensure_future((await client.stream_unary(NAME, "Join", Raw)).response()),
                asyncio.ensure_future(anext(await client.stream_stream(NAME, "Each", Raw))),
            ]
            bare.send(traffic(chance))
            await bare.close()
            await client.wait_closed()
            for result in await asyncio.gather(*calls, return_exceptions=True):
                assert isinstance(result, Raw | RpcError | StopAsyncIteration), result
