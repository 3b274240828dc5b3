"""`Session`: a transport, and in whose name things are asked. All parts of a client have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.manager.grpc_edge.call import LEASE, NAMESPACE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from typing import Any

    from google.protobuf.message import Message

    from tiffin.api.service import Service
    from tiffin.manager.client.transport.protocol import Headers, Transport


class Session:
    """Calls with the headers that containerd's clients send.

    Args:
        namespace: whose things are seen. lease: what protects those that are made, "" for none.
    """

    def __init__(self, transport: Transport, namespace: str, lease: str = "") -> None:
        self.transport = transport
        self.namespace = namespace
        self.lease = lease
        headers = ((NAMESPACE, namespace), (LEASE, lease))
        self._headers = tuple(header for header in headers if header[1])

    async def ask(self, service: Service, method: str, request: Message) -> Any:
        """One answer."""
        return await self.transport.ask(service, method, request, self._headers)

    def tell(
        self, service: Service, method: str, request: Message, headers: Headers = ()
    ) -> AsyncGenerator[Any, None]:
        """Every answer to one request. headers: besides its own."""
        return self.transport.tell(service, method, request, (*self._headers, *headers))

    def talk(
        self, service: Service, method: str, requests: AsyncIterator[Message]
    ) -> AsyncGenerator[Any, None]:
        """Every answer to some requests."""
        return self.transport.talk(service, method, requests, self._headers)
