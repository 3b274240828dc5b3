"""`Opened`: the bodies of one request, which may have to be read again from the start."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Self

    from tiffin.image.verified import Readable

    OpenAt = Callable[[int], AbstractContextManager[Readable]]
    """Opens what is pushed, from an offset on."""


class Opened:
    """Keeps what was opened for one request, and closes it; a request that is sent twice needs two."""

    def __init__(self, open_at: OpenAt) -> None:
        self._open_at = open_at
        self._open: list[AbstractContextManager[Readable]] = []

    def at(self, offset: int) -> Readable:
        """What is pushed, from an offset on; open until the end of the `with` block."""
        manager = self._open_at(offset)
        stream = manager.__enter__()
        self._open.append(manager)
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for manager in self._open:
            manager.__exit__(None, None, None)
