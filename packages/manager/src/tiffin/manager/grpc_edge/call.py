"""`Call`: in whose name something is asked, from the headers that containerd's clients send.

Source: containerd's packages `namespaces` and `leases`: the headers `containerd-namespace` and `containerd-lease`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.image.errors import FailedPrecondition, InvalidArgument
from tiffin.image.metadata.namespaces import Scope, is_identifier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tiffin.manager.grpc_edge.workers import Workers

NAMESPACE, LEASE = "containerd-namespace", "containerd-lease"


class Call:
    """One call, whatever its service.

    Args:
        metadata: the headers; of one that comes more often the first counts.
        peer: who asks, as gRPC tells it: `unix:`, `ipv4:127.0.0.1:40000`.
        workers: runs what blocks; for handlers that are coroutines.
    """

    def __init__(self, metadata: Iterable[tuple[str, str | bytes]], peer: str, workers: Workers) -> None:
        self.peer = peer
        self.workers = workers
        self._headers: dict[str, str] = {}
        for name, value in metadata:
            if isinstance(value, str):
                self._headers.setdefault(name, value)

    def header(self, name: str) -> str:
        """A header of one service's own; "" if it was not sent."""
        return self._headers.get(name, "")

    @property
    def namespace(self) -> str:
        """Whose things are meant. Raises FailedPrecondition (none is given), InvalidArgument (it is no name)."""
        name = self._headers.get(NAMESPACE, "")
        if not name:
            raise FailedPrecondition("namespace is required")
        if not is_identifier(name):
            raise InvalidArgument(f"namespace validation: {name[:100]!r} is no name of a namespace")
        return name

    @property
    def lease(self) -> str:
        """What protects the things that are made; "" for none."""
        return self._headers.get(LEASE, "")

    @property
    def scope(self) -> Scope:
        """Both. Raises as `namespace`."""
        return Scope(self.namespace, self.lease)
