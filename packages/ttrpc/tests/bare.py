"""The other end of a connection as bytes: what no client and no server of ours would send."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from packages.ttrpc.tests.echo import NAME, Echo

from tiffin.ttrpc import Client, Server
from tiffin.ttrpc.limits import DEFAULT
from tiffin.ttrpc.wire.envelope import Request, Response
from tiffin.ttrpc.wire.frames import REQUEST, RESPONSE, Frame, FrameParser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tiffin.ttrpc import Code, Limits


def frame(stream: int, kind: int, flags: int, data: bytes = b"") -> bytes:
    """A frame, of any length."""
    return b"%b%b%c%c%b" % (len(data).to_bytes(4, "big"), stream.to_bytes(4, "big"), kind, flags, data)


def request(
    stream: int, method: str, payload: bytes = b"", flags: int = 0, timeout: int = 0, service: str = NAME
) -> bytes:
    """A request's frame."""
    return frame(stream, REQUEST, flags, Request(service, method, payload, timeout).encode())


class Bare:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self._parser = FrameParser()
        self._frames: list[Frame] = []

    def send(self, *pieces: bytes) -> None:
        self.writer.write(b"".join(pieces))

    async def expect(self, *pieces: bytes) -> None:
        """The next bytes are these."""
        expected = b"".join(pieces)
        assert await self._reader.readexactly(len(expected)) == expected

    async def frame(self) -> Frame | None:
        """The next frame; None at the end."""
        while not self._frames:
            data = await self._reader.read(65536)
            if not data:
                return None
            self._frames = self._parser.feed(data)
        return self._frames.pop(0)

    async def code(self, stream: int) -> Code:
        """The next frame is a response on this stream: its code."""
        found = await self.frame()
        assert found is not None
        assert (found.stream, found.kind) == (stream, RESPONSE)
        return Response.decode(found.data).status.code

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):  # the other end was quicker
            await self.writer.wait_closed()


async def open_bare(end: socket.socket) -> Bare:
    """Takes over a connected socket."""
    return Bare(*await asyncio.open_unix_connection(sock=end))


@asynccontextmanager
async def bare_server(limits: Limits = DEFAULT) -> AsyncIterator[tuple[Client, Bare]]:
    """A client of ours, and its server as bytes."""
    ours, theirs = socket.socketpair()
    bare = await open_bare(theirs)
    try:
        async with await Client.on(ours, limits=limits) as client:
            yield client, bare
    finally:
        await bare.close()


@asynccontextmanager
async def bare_client(limits: Limits = DEFAULT) -> AsyncIterator[tuple[Bare, Echo]]:
    """An echo server, and its client as bytes."""
    echo = Echo()
    async with Server(echo.services, limits=limits) as server:
        echo.server = server
        ours, theirs = socket.socketpair()
        await server.serve(theirs)
        bare = await open_bare(ours)
        try:
            yield bare, echo
        finally:
            await bare.close()
