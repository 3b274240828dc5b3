"""`Transport`: calls of a service's methods, each of which gets headers and gives messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence
    from typing import Any

    from google.protobuf.message import Message

    from tiffin.api.service import Service

    Headers = Sequence[tuple[str, str]]


class Transport(Protocol):
    """A way to a manager. Everything raises the classes of `tiffin.runtime.errors`, by the table in `failures`."""

    async def ask(self, service: Service, method: str, request: Message, headers: Headers) -> Any:
        """One answer."""

    def tell(
        self, service: Service, method: str, request: Message, headers: Headers
    ) -> AsyncGenerator[Any, None]:
        """Every answer to one request. Whoever may stop before the end closes it (`contextlib.aclosing`)."""

    def talk(
        self, service: Service, method: str, requests: AsyncIterator[Message], headers: Headers
    ) -> AsyncGenerator[Any, None]:
        """Every answer to some requests."""

    async def close(self) -> None:
        """Lets go of the manager."""
