"""`Beginnings`: the tasks that are being made, or taken back: by one caller each, for whose end others wait."""

from __future__ import annotations

import asyncio
import contextlib

from tiffin.runtime.errors import AlreadyExists

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Beginnings:
    """Of one `Tasks`. A task is known by its id, by the path of its bundle, or by both."""

    def __init__(self) -> None:
        self._over: dict[str, asyncio.Event] = {}

    @contextlib.contextmanager
    def of(self, *names: str) -> Iterator[None]:
        """In the block nobody else begins the same one. Raises AlreadyExists: somebody does."""
        for name in names:
            if name in self._over:
                raise AlreadyExists(f"task {name}: already exists")
        over = asyncio.Event()
        self._over.update(dict.fromkeys(names, over))
        try:
            yield
        finally:
            for name in names:
                del self._over[name]
            over.set()

    def names(self) -> tuple[str, ...]:
        """What is begun now."""
        return tuple(self._over)

    async def wait(self, name: str) -> None:
        """Returns when nobody begins it; it is there then, or it has failed."""
        if (over := self._over.get(name)) is not None:
            await over.wait()
