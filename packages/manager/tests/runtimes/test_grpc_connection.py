"""A shim that speaks gRPC: its end is seen, however early it comes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc import aio

from tiffin.api.containerd.runtime.task.v2.shim_pb2 import StateRequest, StateResponse
from tiffin.manager.runtimes.external.bootstrap import Bootstrap
from tiffin.manager.runtimes.external.connections import connect
from tiffin.manager.runtimes.external.grpc_connection import GrpcConnection
from tiffin.runtime.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

SERVICE = "containerd.task.v3.Task"


async def serving(path: Path) -> aio.Server:
    """A shim that has one task, c1."""

    async def state(
        request: StateRequest, context: aio.ServicerContext[StateRequest, StateResponse]
    ) -> StateResponse:
        if request.id != "c1":
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such task")
        return StateResponse(id="c1", pid=7)

    handler = grpc.unary_unary_rpc_method_handler(
        state, StateRequest.FromString, StateResponse.SerializeToString
    )
    server = aio.server()
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"State": handler}),))
    server.add_insecure_port(f"unix:{path}")
    await server.start()
    return server


def test_calls_are_answered_and_the_end_is_seen(tmp_path: Path) -> None:
    asyncio.run(_ends(tmp_path))


async def _ends(tmp_path: Path) -> None:
    server = await serving(tmp_path / "shim.sock")
    connection = await connect(Bootstrap(f"unix://{tmp_path}/shim.sock", 3, "grpc"))
    assert (await connection.call("State", StateRequest(id="c1"), StateResponse)).pid == 7
    with pytest.raises(NotFound):
        await connection.call("State", StateRequest(id="c2"), StateResponse)
    ended = asyncio.ensure_future(connection.wait_closed())
    await asyncio.sleep(0)
    was = connection.connected
    await server.stop(None)
    async with asyncio.timeout(20):
        await ended
    assert (was, connection.connected) == (True, False)
    with pytest.raises(Unavailable):
        await connection.call("State", StateRequest(id="c1"), StateResponse)
    await connection.close()


def test_the_end_is_seen_of_one_that_died_before_it_was_spoken_to(tmp_path: Path) -> None:
    asyncio.run(_died_early(tmp_path))


async def _died_early(tmp_path: Path) -> None:
    connection = GrpcConnection(str(tmp_path / "shim.sock"), SERVICE)
    async with asyncio.timeout(20):
        await connection.wait_closed()
    assert not connection.connected
    await connection.close()


def test_who_waits_for_the_end_goes_on_when_it_is_closed(tmp_path: Path) -> None:
    asyncio.run(_closed(tmp_path))


async def _closed(tmp_path: Path) -> None:
    server = await serving(tmp_path / "shim.sock")
    connection = await connect(Bootstrap(f"unix://{tmp_path}/shim.sock", 3, "grpc"))
    ended = asyncio.ensure_future(connection.wait_closed())
    await connection.call("State", StateRequest(id="c1"), StateResponse)
    await connection.close()
    async with asyncio.timeout(20):
        await ended
    await server.stop(None)
