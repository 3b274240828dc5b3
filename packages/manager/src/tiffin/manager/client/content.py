"""`Content`: blobs by their digests."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import aclosing
from typing import TYPE_CHECKING

from tiffin.api.containerd.services.content.v1 import content_pb2 as messages
from tiffin.api.containerd.services.content.v1.content_services import CONTENT
from tiffin.runtime.errors import AlreadyExists

if TYPE_CHECKING:
    import builtins
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping

    from tiffin.manager.client.session import Session

AT_ONCE = 1 << 20  # bytes of a message


class Content:
    """The blobs of one namespace."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(self, filters: Iterable[str] = ()) -> builtins.list[messages.Info]:
        """All, or those that match one of the filters."""
        answers = self._session.tell(CONTENT, "List", messages.ListContentRequest(filters=filters))
        return [info async for answer in answers for info in answer.info]

    async def info(self, digest: str) -> messages.Info:
        """Raises NotFound."""
        info: messages.Info = (
            await self._session.ask(CONTENT, "Info", messages.InfoRequest(digest=digest))
        ).info
        return info

    async def read(self, digest: str, *, offset: int = 0, size: int = 0) -> AsyncGenerator[bytes, None]:
        """The bytes of a blob, in pieces. size: 0 for all from `offset` on. Raises NotFound, InvalidArgument."""
        request = messages.ReadContentRequest(digest=digest, offset=offset, size=size)
        async with aclosing(self._session.tell(CONTENT, "Read", request)) as answers:
            async for answer in answers:
                yield answer.data

    async def read_whole(self, digest: str) -> bytes:
        """A small blob: a document. Raises NotFound."""
        return b"".join([piece async for piece in self.read(digest)])

    async def write(self, reference: str, data: bytes, *, labels: Mapping[str, str] | None = None) -> str:
        """Makes a blob of bytes; its digest. One that is there already is fine.

        Args:
            reference: a name for the writing, which one client may do at a time.

        Raises:
            Unavailable: another one is at it.
        """
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        turn = asyncio.Semaphore(1)
        requests = _pieces(reference, data, digest, labels or {}, turn)
        try:
            async for _ in self._session.talk(CONTENT, "Write", requests):
                turn.release()
        except AlreadyExists:
            return digest
        return digest

    async def delete(self, digest: str) -> None:
        """Raises NotFound. Nothing asks whether an image has it."""
        await self._session.ask(CONTENT, "Delete", messages.DeleteContentRequest(digest=digest))


async def _pieces(
    reference: str, data: bytes, digest: str, labels: Mapping[str, str], turn: asyncio.Semaphore
) -> AsyncIterator[messages.WriteContentRequest]:
    """Each when the one before was answered: grpc loses the status of a call that ends while something is sent."""
    total = len(data)
    for offset in range(0, total, AT_ONCE):
        await turn.acquire()
        yield messages.WriteContentRequest(
            action=messages.WRITE, ref=reference, total=total, expected=digest, offset=offset,
            data=data[offset : offset + AT_ONCE],
        )  # fmt: skip
    await turn.acquire()
    yield messages.WriteContentRequest(
        action=messages.COMMIT, ref=reference, total=total, expected=digest, offset=total, labels=labels
    )
