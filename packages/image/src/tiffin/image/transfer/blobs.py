"""Copying the blobs of one manifest: in threads, each at most once, with progress; the first error stops all."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tiffin.image.attentive import wait_for_failure
from tiffin.image.errors import Stopped
from tiffin.image.transfer.convert import layer_type
from tiffin.image.transfer.events import Stage
from tiffin.image.transfer.recompress import compression_of, recompress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.request import CopyRequest
    from tiffin.image.verified import Readable


class Counted:
    """A stream that tells how far it is, and ends with Stopped once somebody has failed."""

    def __init__(
        self, stream: Readable, done: int, tell: Callable[[int], None], stop: threading.Event
    ) -> None:
        self._stream = stream
        self._done = done
        self._tell = tell
        self._stop = stop

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes."""
        if self._stop.is_set():
            raise Stopped("given up: another part of the image could not be copied")
        data = self._stream.read(size)
        self._done += len(data)
        self._tell(self._done)
        return data


class BlobCopier:
    """Copies blobs from one place to another. `layers` returns the descriptors that they then have."""

    def __init__(self, request: CopyRequest) -> None:
        self._source = request.source
        self._destination = request.destination
        self._options = request.options
        self._tell = request.tell
        self._stop = threading.Event()

    def copy(
        self, blobs: Sequence[tuple[str, Descriptor]], layers: Sequence[tuple[Descriptor, str]]
    ) -> list[Descriptor]:
        """Copies all of them.

        Args:
            blobs: with their kinds; they stay as they are.
            layers: with their diff_ids, or "" where they stay as they are.

        Returns:
            the new descriptors of the layers.

        Raises:
            ImageFailure, OSError: of the first that failed; the others are given up.
        """
        pool = ThreadPoolExecutor(self._options.parallel, "tiffin-blob")
        try:
            copied = self._copy(pool, blobs, layers)
        except KeyboardInterrupt:  # a thread may wait for a server for a minute: nobody wants to
            self._stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        except BaseException:
            self._stop.set()
            pool.shutdown(cancel_futures=True)
            raise
        pool.shutdown()
        return copied

    def _copy(
        self,
        pool: ThreadPoolExecutor,
        blobs: Sequence[tuple[str, Descriptor]],
        layers: Sequence[tuple[Descriptor, str]],
    ) -> list[Descriptor]:
        distinct = {descriptor.digest: (descriptor, diff_id) for descriptor, diff_id in layers}
        once = {digest: pool.submit(self._layer, *layer) for digest, layer in distinct.items()}
        others = [pool.submit(self._blob, kind, one) for kind, one in blobs if one.digest not in once]
        waited: list[Future[Any]] = [*once.values(), *others]
        failures = wait_for_failure(waited)
        if failures:
            raise next((one for one in failures if not isinstance(one, Stopped)), failures[0])
        return [once[descriptor.digest].result() for descriptor, _ in layers]

    def _blob(self, kind: str, descriptor: Descriptor) -> None:
        if self._is_there(kind, descriptor):
            return
        self._tell(Stage.STARTED, kind, descriptor, 0)
        self._destination.write_blob(descriptor, self._opener(kind, descriptor))
        self._tell(Stage.DONE, kind, descriptor, descriptor.size)

    def _is_there(self, kind: str, descriptor: Descriptor) -> bool:
        if self._destination.has_blob(descriptor):
            self._tell(Stage.PRESENT, kind, descriptor, descriptor.size)
        elif self._destination.mount_blob(descriptor, self._source):
            self._tell(Stage.MOUNTED, kind, descriptor, descriptor.size)
        else:
            return False
        return True

    def _layer(self, descriptor: Descriptor, diff_id: str) -> Descriptor:
        wanted = self._wanted(descriptor) if diff_id else ""
        if not wanted:
            self._blob("layer", descriptor)
            return descriptor
        self._tell(Stage.STARTED, "layer", descriptor, 0)
        made = recompress(
            descriptor,
            diff_id,
            self._opener("layer", descriptor),
            wanted,
            self._options.level,
            layer_type(descriptor.media_type, wanted),
        )
        try:
            if not self._destination.has_blob(made.descriptor):
                self._destination.write_blob(made.descriptor, made.open_at)
        finally:
            made.close()
        self._tell(Stage.DONE, "layer", descriptor, descriptor.size)
        return made.descriptor

    def _wanted(self, descriptor: Descriptor) -> str:
        """How the layer must be compressed anew; "" if it may stay."""
        options = self._options
        if not options.compression and not options.plain_becomes:
            return ""
        now = compression_of(lambda offset: self._source.open_blob(descriptor, offset))
        wanted = options.compression or (options.plain_becomes if now == "none" else "")
        return "" if wanted == now else wanted

    def _opener(self, kind: str, descriptor: Descriptor) -> Callable[[int], _Opened]:
        @contextmanager
        def open_at(offset: int) -> Iterator[Readable]:
            with self._source.open_blob(descriptor, offset) as stream:
                yield Counted(
                    stream,
                    offset,
                    lambda done: self._tell(Stage.RUNNING, kind, descriptor, done),
                    self._stop,
                )

        return open_at


if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    _Opened = AbstractContextManager[Readable]
