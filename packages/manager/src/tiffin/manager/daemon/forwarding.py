"""Connections of a socket that we were started with, handed on to one that gRPC made: gRPC takes no listening socket.

It costs two copies of every byte, and counts for socket activation only.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import cast

LOG = logging.getLogger("tiffin.manager.daemon")
HIGH_WATER = 1 << 20  # bytes that wait for one side until the other is not read any more


async def forward(listening: socket.socket, path: str) -> asyncio.Server:
    """Accepts on a socket, and hands each connection on to the unix socket at `path`, until the server is closed."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _Incoming(path), sock=listening)


class _End(asyncio.Protocol):
    """One side. other: the side that gets what comes here."""

    other: _End | None = None
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        """Nothing more comes from here; the answer may still go."""
        if self.other is not None and self.other.transport.can_write_eof():
            self.other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's
        if self.other is not None:
            self.other.transport.close()


class _Incoming(_End):
    """The side of the client, which is not read until the other is there."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.pause_reading()
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            _, other = await asyncio.get_running_loop().create_unix_connection(_End, self._path)
        except OSError as error:
            LOG.warning("a connection cannot be handed on", extra={"fields": {"error": error}})
            self.transport.abort()
            return
        if self.transport.is_closing():
            other.transport.close()
            return
        self.other, other.other = other, self
        self.transport.resume_reading()
