"""`Connection`: calls of a shim's Task service, over ttrpc or gRPC."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol, TypeVar

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.runtime.task.v2.shim_pb2 import ShutdownRequest
from tiffin.manager.runtimes.external.failures import failure_of
from tiffin.runtime.errors import RuntimeFailure, Unavailable
from tiffin.ttrpc import Client, RpcError

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from tiffin.manager.runtimes.external.bootstrap import Bootstrap

R = TypeVar("R", bound="Message")
LOG = logging.getLogger("tiffin.manager.shim")
SHUTDOWN = 3.0  # seconds that a shim gets to end


class Connection(Protocol):
    """To one shim. Errors of calls are those of `tiffin.runtime.errors`; Unavailable when the shim has gone."""

    @property
    def connected(self) -> bool:
        """It was not lost yet, nor closed."""

    async def call(self, method: str, request: Message, response: type[R]) -> R:
        """Calls a method of its Task service, however long it takes."""

    async def wait_closed(self) -> None:
        """Until the connection is lost, or closed."""

    async def close(self) -> None:
        """Closes it."""


async def ask_to_end(connection: Connection, task: str) -> None:
    """The shim of a task may go, if it has no other one. One that does not answer is left alone."""
    try:
        async with asyncio.timeout(SHUTDOWN):
            await connection.call("Shutdown", ShutdownRequest(id=task, now=True), Empty)
    except TimeoutError:
        LOG.warning("the shim of %s does not end: it has had %g s", task, SHUTDOWN)
    except RuntimeFailure:
        pass  # it has gone while it answered


async def connect(bootstrap: Bootstrap) -> Connection:
    """Connects to a shim. Raises Unavailable: nobody is there."""
    service = f"containerd.task.v{bootstrap.version}.Task"
    if bootstrap.protocol == "grpc":
        return await _grpc(bootstrap.address, service)
    try:
        return TtrpcConnection(await Client.connect(bootstrap.address), service)
    except OSError as error:
        raise Unavailable(f"no shim answers at {bootstrap.address}: {error}") from error


class TtrpcConnection:
    """`Connection` over ttrpc."""

    def __init__(self, client: Client, service: str) -> None:
        self._client = client
        self._service = service

    @property
    def connected(self) -> bool:
        """As the protocol says."""
        return self._client.connected

    async def call(self, method: str, request: Message, response: type[R]) -> R:
        """As the protocol says."""
        try:
            return await self._client.call(self._service, method, request, response)
        except RpcError as error:
            raise failure_of(error.code, error.message) from error

    async def wait_closed(self) -> None:
        """As the protocol says."""
        await self._client.wait_closed()

    async def close(self) -> None:
        """As the protocol says."""
        await self._client.close()


async def _grpc(address: str, service: str) -> Connection:
    from tiffin.manager.runtimes.external.grpc_connection import GrpcConnection  # no usual shim has it

    path = address.removeprefix("unix://")
    try:
        async with asyncio.timeout(10):
            _, writer = await asyncio.open_unix_connection(path)
        writer.close()
    except OSError as error:
        raise Unavailable(f"no shim answers at {address}: {error}") from error
    return GrpcConnection(path, service)
