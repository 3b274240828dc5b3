"""`Leases`: what is made under one stays until it goes."""

from __future__ import annotations

import secrets
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tiffin.api.containerd.services.leases.v1 import leases_pb2 as messages
from tiffin.api.containerd.services.leases.v1.leases_services import LEASES
from tiffin.runtime.errors import NotFound

if TYPE_CHECKING:
    import builtins
    from collections.abc import AsyncIterator, Mapping

    from tiffin.manager.client.client import Client
    from tiffin.manager.client.session import Session

EXPIRES = "containerd.io/gc.expire"
DAY = 86400.0


class Leases:
    """Those of one namespace."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(
        self, identifier: str = "", *, seconds: float | None = None, labels: Mapping[str, str] | None = None
    ) -> messages.Lease:
        """A new one. identifier: made up if it is empty. seconds: when it ends by itself. Raises AlreadyExists."""
        marks = dict(labels or {})
        if seconds is not None:
            marks[EXPIRES] = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
        request = messages.CreateRequest(id=identifier or secrets.token_hex(16), labels=marks)
        lease: messages.Lease = (await self._session.ask(LEASES, "Create", request)).lease
        return lease

    async def list(self) -> builtins.list[messages.Lease]:
        """All of them."""
        return list((await self._session.ask(LEASES, "List", messages.ListRequest())).leases)

    async def delete(self, identifier: str, *, collect: bool = False) -> None:
        """collect: returns when what nothing keeps any more has been removed. Raises NotFound."""
        await self._session.ask(LEASES, "Delete", messages.DeleteRequest(id=identifier, sync=collect))

    async def resources(self, identifier: str) -> builtins.list[messages.Resource]:
        """What it protects. Raises NotFound."""
        request = messages.ListResourcesRequest(id=identifier)
        return list((await self._session.ask(LEASES, "ListResources", request)).resources)

    @asynccontextmanager
    async def held(self, seconds: float = DAY) -> AsyncIterator[Client]:
        """A client under a new lease, which ends with the block, or after `seconds` where we are killed."""
        from tiffin.manager.client.client import Client

        lease = await self.create(seconds=seconds)
        try:
            yield Client(self._session.transport, self._session.namespace, lease.id)
        finally:
            with suppress(NotFound):  # its time was over, and a collection came by
                await self.delete(lease.id)
