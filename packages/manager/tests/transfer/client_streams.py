"""Streams as a client of containerd opens them, and sends and receives bytes on them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty
from grpc import aio

from tiffin.api.containerd.services.streaming.v1.streaming_pb2 import StreamInit
from tiffin.api.containerd.services.streaming.v1.streaming_pb2_grpc import StreamingStub
from tiffin.api.containerd.types.transfer.streaming_pb2 import Data, WindowUpdate
from tiffin.api.typeurl import holds, pack, unpack

if TYPE_CHECKING:
    from packages.manager.tests.client import Client

PIECE = 32 << 10


class ClientStream:
    """One that was opened. Used in the client's loop."""

    def __init__(self, name: str, call: Any) -> None:
        self.name = name
        self.call = call

    @classmethod
    async def open(cls, client: Client, name: str = "") -> ClientStream:
        """Opens one, and waits until others find it."""
        stream = cls(
            name or f"s-{uuid.uuid4().hex}", client.stub(StreamingStub).Stream(metadata=client.metadata)
        )
        await stream.call.write(pack(StreamInit(id=stream.name)))
        answer = await stream.call.read()
        assert holds(answer, Empty), answer
        return stream

    async def receive(self) -> Any | None:
        """A message; None at the end."""
        found = await self.call.read()
        return None if found is aio.EOF else found

    async def send_bytes(self, data: bytes) -> None:
        """Sends all of it as the other end grants it, and ends our side."""
        granted = 0
        while data:
            while granted <= 0:
                message = await self.receive()
                assert message is not None, "the other end has gone"
                granted += unpack(message, WindowUpdate).update
            piece, data = data[: min(granted, PIECE)], data[min(granted, PIECE) :]
            granted -= len(piece)
            await self.call.write(pack(Data(data=piece)))
        await self.call.done_writing()

    async def receive_bytes(self, *grants: int) -> bytes:
        """All that comes until the end.

        grants: how much is granted, each when all of the one before has come; the last one must be more than comes, for
            grpc.aio fails a call that is written to when the other end has just ended it.
        """
        found, granted, left = b"", 0, list(grants or (1 << 30,))
        while True:
            if not granted:
                granted = left.pop(0)
                await self.call.write(pack(WindowUpdate(update=granted)))
            message = await self.receive()
            if message is None:
                return found
            data = unpack(message, Data).data
            found, granted = found + data, granted - len(data)
            assert granted >= 0, "more came than was granted"
