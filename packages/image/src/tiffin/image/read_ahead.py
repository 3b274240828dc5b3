"""`ReadAhead`: a stream that a thread of its own reads, so that its work and the reader's go on at the same time.

Worth it where the stream's work releases the interpreter's lock: reading, hashing, decompressing big blocks.
"""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, Queue
from threading import Event, Thread
from types import TracebackType
from typing import Self

from tiffin.image.verified import Readable

BLOCK = 512 * 1024
MOST_BLOCKS = 4  # that wait to be taken: bounds the memory


class ReadAhead:
    """Reads another stream ahead, in a `with` statement; an error of it is raised where its data would come.

    `read` gives blocks as they come: at most `size` bytes, often fewer.
    """

    def __init__(self, stream: Readable, block: int = BLOCK) -> None:
        self._stream = stream
        self._block = block
        self._blocks: Queue[bytes | BaseException] = Queue(MOST_BLOCKS)
        self._stopped = Event()
        self._rest = memoryview(b"")
        self._ended = False
        self._thread = Thread(target=self._run, name="tiffin-read-ahead", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the thread, and waits for it: the stream may be closed afterwards."""
        self._stopped.set()
        while self._thread.is_alive():
            with suppress(Empty):
                self._blocks.get(timeout=0.01)  # it may be waiting for room
        self._thread.join()

    def _run(self) -> None:
        data: bytes = b"more"
        while data and not self._stopped.is_set():
            try:
                data = self._stream.read(self._block)
            except BaseException as error:  # noqa: BLE001  # it is raised in the reader's thread
                self._blocks.put(error)
                return
            self._blocks.put(data)

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end. Raises what the stream raised."""
        if not self._rest and not self._ended:
            data = self._blocks.get()
            if isinstance(data, BaseException):
                self._ended = True
                raise data
            if len(data) <= size:
                self._ended = not data
                return data
            self._rest = memoryview(data)
        data, self._rest = self._rest[:size].tobytes(), self._rest[size:]
        return data
