"""Very many calls, streams and connections: all are answered, and nothing of them stays."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import tracemalloc
from typing import TYPE_CHECKING

from packages.ttrpc.tests.echo import NAME, Echo, echoing

from tiffin.ttrpc import Client, Raw, RpcError, Server

if TYPE_CHECKING:
    from pathlib import Path

CALLS = 50_000  # tools/bench/ttrpc.py measures it over more
AT_ONCE = 100


def resident() -> int:
    """Bytes of memory of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Forgetful(Echo):
    """An echo service that keeps nothing of its calls."""

    async def echo(self, request: Raw, _: object) -> Raw:
        return request


async def run(client: Client, count: int) -> None:
    """`count` calls, `AT_ONCE` of them at the same time."""

    async def some(number: int) -> None:
        for _ in range(number):
            await client.call(NAME, "Echo", Raw(b"x" * 100), Raw, timeout=60)

    await asyncio.gather(*(some(count // AT_ONCE) for _ in range(AT_ONCE)))


async def pair(echo: Echo) -> tuple[Server, Client]:
    server = Server(echo.services)
    ours, theirs = socket.socketpair()
    await server.serve(theirs)
    return server, await Client.on(ours)


async def test_ten_thousand_calls_at_once() -> None:
    async with echoing() as (client, echo):
        calls = [asyncio.create_task(client.call(NAME, "Wait", Raw(b"%d" % n), Raw)) for n in range(10_000)]
        while len(echo.contexts) < 10_000:
            await echo.began.wait()
            await client.call(NAME, "Echo", Raw(), Raw)  # another turn
            echo.contexts = [each for each in echo.contexts if each.method == "Wait"]
        echo.go.set()
        assert await asyncio.gather(*calls) == [b"%d" % n for n in range(10_000)]
        assert not client._connection._receivers


async def test_memory_stays_level_over_many_calls() -> None:
    server, client = await pair(Forgetful())
    await run(client, CALLS // 10)
    gc.collect()
    before = resident()
    await run(client, CALLS)
    gc.collect()
    assert resident() - before < 2_000_000
    await client.close()
    await server.close()


async def test_no_object_is_left_of_calls_that_fail_or_expire_or_are_streams() -> None:
    async def each_kind(client: Client) -> None:
        for method in ("Fail", "Nothing", "Wait"):
            with contextlib.suppress(RpcError):
                await client.call(NAME, method, Raw(b"x"), Raw, timeout=0.001)
        async with await client.stream_stream(NAME, "Each", Raw) as stream:
            await stream.send(Raw(b"a"))
            await anext(stream)
            await stream.close_send()
            assert [each async for each in stream] == []

    async def rounds(client: Client, echo: Echo, count: int) -> int:
        for _ in range(count):
            await each_kind(client)
            echo.contexts.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    async with echoing() as (client, echo):
        tracemalloc.start()
        try:
            before = await rounds(client, echo, 50)
            assert await rounds(client, echo, 200) - before < 20_000
        finally:
            tracemalloc.stop()


async def test_connections_that_come_and_go(tmp_path: Path) -> None:
    echo = Forgetful()
    async with Server(echo.services) as server:
        await server.listen(tmp_path / "s")

        async def visit() -> None:
            async with await Client.connect(tmp_path / "s") as client:
                await client.call(NAME, "Echo", Raw(), Raw)

        for _ in range(20):
            await asyncio.gather(*(visit() for _ in range(100)))
        waiting = [connection.closed for connection in server._connections]
        await asyncio.gather(*waiting)
        assert not server._connections
