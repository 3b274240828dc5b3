"""`Streams`: those that are open, by namespace and name."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tiffin.manager.streaming.stream import Stream
from tiffin.runtime.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from google.protobuf.any_pb2 import Any


class Streams:
    """Used in one event loop."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], Stream] = {}

    @contextmanager
    def opened(self, namespace: str, name: str, incoming: AsyncIterator[Any]) -> Iterator[Stream]:
        """A stream that others find, until the end of the block. Raises AlreadyExists."""
        if (namespace, name) in self._open:
            raise AlreadyExists(f"there is a stream {name!r} already")
        stream = self._open[namespace, name] = Stream(incoming)
        try:
            yield stream
        finally:
            del self._open[namespace, name]
            stream.close()

    def get(self, namespace: str, name: str) -> Stream:
        """One that a client has opened. Raises NotFound."""
        found = self._open.get((namespace, name))
        if found is None:
            raise NotFound(f"there is no stream {name!r}")
        return found
