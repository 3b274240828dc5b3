"""A process at either end is killed in every state of a call."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from packages.ttrpc.tests.calls.test_ends import KINDS, code_of, open_call
from packages.ttrpc.tests.echo import NAME, Echo

from tiffin.ttrpc import Client, Code, Raw, Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SERVER = """
import asyncio, sys
from packages.ttrpc.tests.echo import Echo
from tiffin.ttrpc import Server

async def main():
    async with Server(Echo().services) as server:
        await server.listen(sys.argv[1])
        print("ready", flush=True)
        await server.wait_closed()

asyncio.run(main())
"""
CLIENT = """
import asyncio, sys
from packages.ttrpc.tests.echo import NAME
from tiffin.ttrpc import Client, Raw

async def main():
    client = await Client.connect(sys.argv[1])
    requests = await client.stream_unary(NAME, "Stall", Raw)
    await requests.send(Raw(b"x"))
    responses = await client.unary_stream(NAME, "Forever", Raw(b"x"), Raw)
    await asyncio.gather(client.call(NAME, "Wait", Raw(), Raw), anext(responses))

asyncio.run(main())
"""


@asynccontextmanager
async def process(program: str, socket: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(socket), stdout=asyncio.subprocess.PIPE
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


@pytest.mark.parametrize("stopped", [False, True], ids=["waiting", "stopped"])
async def test_a_server_is_killed(tmp_path: Path, *, stopped: bool) -> None:
    async with process(SERVER, tmp_path / "s") as child:
        assert child.stdout is not None
        assert await child.stdout.readline() == b"ready\n"
        async with await Client.connect(tmp_path / "s") as client:
            if stopped:  # requests stay in the kernel's buffer
                child.send_signal(signal.SIGSTOP)
            else:
                await client.call(NAME, "Echo", Raw(), Raw)
            calls = [asyncio.create_task(code_of(await open_call(client, kind))) for kind in KINDS]
            await asyncio.sleep(0)
            child.kill()
            assert await asyncio.gather(*calls) == [Code.UNAVAILABLE] * len(KINDS)


async def test_a_client_is_killed(tmp_path: Path) -> None:
    echo = Echo()
    async with Server(echo.services) as server:
        await server.listen(tmp_path / "s")
        async with process(CLIENT, tmp_path / "s") as child:
            while len(echo.contexts) < 2 or not echo.sent:
                await asyncio.wait_for(echo.began.wait(), 30)
                await asyncio.sleep(0)
            (connection,) = server._connections
            assert len(connection.tasks) == 3
            child.kill()
            await connection.closed
            await echo.cancelled.wait()
            await asyncio.gather(*connection.tasks, return_exceptions=True)
        assert not server._connections
