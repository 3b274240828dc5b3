"""`Context`: what a handler knows of the call beside its request."""

from __future__ import annotations

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.ttrpc.peer import Peer
    from tiffin.ttrpc.wire.envelope import Pairs


class Context:
    """A call, seen from its handler.

    Args:
        pairs: the metadata as it came.
        deadline: by the clock of the event loop (`loop.time()`); None if the client waits for ever.
        peer: who connected; None if the socket cannot tell.
    """

    __slots__ = ("_pairs", "deadline", "method", "peer", "service")

    def __init__(
        self, service: str, method: str, pairs: Pairs, deadline: float | None, peer: Peer | None
    ) -> None:
        self.service = service
        self.method = method
        self.deadline = deadline
        self.peer = peer
        self._pairs = pairs

    @property
    def metadata(self) -> Mapping[str, tuple[str, ...]]:
        """Keys, in lower case, and their values."""
        found: dict[str, tuple[str, ...]] = {}
        for key, value in self._pairs:
            found[key.lower()] = (*found.get(key.lower(), ()), value)
        return found

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline, at least 0; None if there is none."""
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - asyncio.get_running_loop().time())
