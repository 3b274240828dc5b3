"""`AskedCredentials`: passwords for registries from the client, over the stream that it has named."""

from __future__ import annotations

import asyncio
import base64
import threading
from typing import TYPE_CHECKING

from tiffin.api.containerd.types.transfer import registry_pb2 as registry
from tiffin.api.typeurl import holds, pack, unpack
from tiffin.image.registry.credentials import Credential

if TYPE_CHECKING:
    from tiffin.manager.streaming.stream import Stream


class AskedCredentials:
    """`Credentials` of tiffin.image; each host and repository is asked for once."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], Credential | None] = {}

    def find(self, registry: str, repository: str) -> Credential | None:
        """As the protocol says; called in threads."""
        with self._lock:
            key = (registry, repository)
            if key not in self._known:
                asking = self._ask(registry, repository)
                self._known[key] = asyncio.run_coroutine_threadsafe(asking, self._stream.loop).result()
            return self._known[key]

    async def _ask(self, host: str, repository: str) -> Credential | None:
        await self._stream.send(pack(registry.AuthRequest(host=host, reference=f"{host}/{repository}")))
        message = await self._stream.receive()
        if message is None or not holds(message, registry.AuthResponse):
            return None
        answer = unpack(message, registry.AuthResponse)
        if answer.authType == registry.CREDENTIALS:
            return Credential(answer.username, answer.secret)
        if answer.authType == registry.REFRESH:
            return Credential(answer.username, identity_token=answer.secret)
        if answer.authType == registry.HEADER:
            return _of_header(answer.secret)
        return None


def _of_header(header: str) -> Credential | None:
    """What the header `Authorization` says, RFC 7617 and RFC 6750; None if it says nothing that is known."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() == "bearer":
        return Credential(registry_token=given.strip())
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return None
    return Credential(user, password)
