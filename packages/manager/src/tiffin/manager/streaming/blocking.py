"""`ByteReader` and `ByteWriter`: bytes on a stream, for threads. Who writes waits for what the reader grants.

Source: containerd's core/transfer/streaming: the reader grants bytes by WindowUpdate, the writer sends them in Data.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tiffin.api.containerd.types.transfer.streaming_pb2 import Data, WindowUpdate
from tiffin.api.typeurl import holds, pack, unpack
from tiffin.runtime.errors import Unavailable

if TYPE_CHECKING:
    from tiffin.manager.streaming.stream import Stream

PIECE = 32 << 10
WINDOW = 64 << 10


class ByteReader:
    """What a client sends, until it ends its side. Used in one thread, which is not that of the event loop."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._granted = 0
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        while not self._rest:
            piece = asyncio.run_coroutine_threadsafe(self._next(), self._stream.loop).result()
            if piece is None:
                return b""
            self._rest = piece
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    async def _next(self) -> bytes | None:
        if self._granted < WINDOW:
            await self._stream.send(pack(WindowUpdate(update=WINDOW)))
            self._granted += WINDOW
        message = await self._stream.receive()
        if message is None:
            return None
        data = unpack(message, Data).data if holds(message, Data) else b""
        self._granted -= len(data)
        return data


class ByteWriter:
    """What a client reads. As above."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._window = 0

    def write(self, data: bytes) -> int:
        """Sends all of it. Raises Unavailable: the client has gone."""
        for start in range(0, len(data), PIECE):
            sending = self._send(data[start : start + PIECE])
            asyncio.run_coroutine_threadsafe(sending, self._stream.loop).result()
        return len(data)

    async def _send(self, data: bytes) -> None:
        while data:
            while self._window <= 0:
                message = await self._stream.receive()
                if message is None:
                    raise Unavailable("the client reads no more")
                self._window += unpack(message, WindowUpdate).update if holds(message, WindowUpdate) else 0
            piece, data = data[: self._window], data[self._window :]
            self._window -= len(piece)
            await self._stream.send(pack(Data(data=piece)))
