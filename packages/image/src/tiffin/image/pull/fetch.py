"""`Fetch`: one blob on its way into the content store, and `Following`: its bytes while they come.

A blob that was begun by a process that is gone is gone on with; then nobody follows it before its digest was checked,
because what that process wrote may have been lost in a power cut.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager

from tiffin.image.attentive import NOTICE
from tiffin.image.errors import AlreadyExists, DigestMismatch, InvalidImage, Stopped, Unavailable
from tiffin.image.transfer.events import Progress, Stage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tiffin.image.content.local import LocalContentStore
    from tiffin.image.content.writer import LocalContentWriter
    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.events import Report
    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.verified import Readable

BLOCK = 1024 * 1024
PATIENCE = 0.1  # seconds between looks at an ingest that another process writes


class Pulling:
    """What the threads of one pull share.

    stop: set once one of them has failed, or the caller gives up.
    """

    def __init__(self, source: ImageSource, content: LocalContentStore, report: Report) -> None:
        self.source = source
        self.content = content
        self.report = report
        self.changed = threading.Condition()
        self.stop = False
        self._spared: set[Fetch] = set()

    def give_up(self) -> None:
        """Ends all fetches at their next block, but those that are spared; and all that is followed."""
        with self.changed:
            self.stop = True
            self.changed.notify_all()

    def spare(self, fetch: Fetch) -> None:
        """Lets a fetch come to its end: what was made of its bytes is wrong, and whether they came well counts more."""
        self._spared.add(fetch)

    def check(self, fetch: Fetch | None = None) -> None:
        """Raises Stopped. fetch: who asks."""
        if self.stop and fetch not in self._spared:
            raise Stopped("given up: another part of the image failed")

    def writer(self, kind: str, descriptor: Descriptor) -> LocalContentWriter:
        """The ingest of a blob, once no other process has it. Raises AlreadyExists, Stopped, OSError."""
        name = f"{kind}-{descriptor.digest}"
        while True:
            try:
                return self.content.writer(name, total=descriptor.size, expected=descriptor.digest)
            except Unavailable:
                with self.changed:
                    self.check()
                    self.changed.wait(PATIENCE)


class Fetch:
    """One blob. kind: for the events. labels: what it gets in the content store."""

    def __init__(
        self, pulling: Pulling, kind: str, descriptor: Descriptor, labels: Mapping[str, str]
    ) -> None:
        self.descriptor = descriptor
        self._pulling = pulling
        self._kind = kind
        self._labels = labels
        self._offset = 0
        self._reading = -1  # what is followed
        self._finished = False

    def run(self) -> None:
        """Fetches it, unless it is there.

        Raises:
            DigestMismatch: it is not what its descriptor says. Stopped: `give_up` was called.
            ImageFailure, OSError: of the source and the disk. What was fetched stays, for the next attempt.
        """
        try:
            self._run()
        except BaseException:
            self._pulling.give_up()
            raise

    def _run(self) -> None:
        resumed = True
        while resumed and not self._finished:
            try:
                with self._pulling.writer(self._kind, self.descriptor) as writer:
                    resumed = writer.offset > 0
                    self._fetch(writer, follow=not resumed)
            except AlreadyExists:
                self._tell(Stage.PRESENT, self.descriptor.size)
                self._finish()
            except DigestMismatch as error:
                if not resumed:  # what was there before was damaged: all of it comes once more
                    error.add_note(
                        f"this is the {self._kind} {self.descriptor.digest} of {self._pulling.source.name!r}"
                    )
                    raise

    def _fetch(self, writer: LocalContentWriter, *, follow: bool) -> None:
        if writer.offset > self.descriptor.size:
            writer.truncate()
        self._tell(Stage.STARTED, writer.offset)
        if follow:
            with self._pulling.changed:
                self._offset = 0  # an attempt before this one may have got further
                self._reading = writer.reading()
                self._pulling.changed.notify_all()
        with self._pulling.source.open_blob(self.descriptor, writer.offset) as stream:
            while writer.offset <= self.descriptor.size and (data := stream.read(BLOCK)):
                self._pulling.check(self)
                writer.write(data)
                with self._pulling.changed:
                    self._offset = writer.offset
                    self._pulling.changed.notify_all()
                self._tell(Stage.RUNNING, writer.offset)
        writer.commit(size=self.descriptor.size, digest=self.descriptor.digest, labels=self._labels)
        self._tell(Stage.DONE, self.descriptor.size)
        self._finish()

    def _finish(self) -> None:
        with self._pulling.changed:
            self._finished = True
            self._pulling.changed.notify_all()

    def _tell(self, stage: Stage, done: int) -> None:
        size = self.descriptor.size
        self._pulling.report(Progress(stage, self._kind, self.descriptor.digest, done, size))

    @contextmanager
    def following(self) -> Iterator[Readable]:
        """The bytes of the blob as they come; not verified. Raises Stopped, also from `read`."""
        try:
            with self._followed() as stream:
                yield stream
        except InvalidImage:
            self._pulling.spare(self)
            raise

    @contextmanager
    def _followed(self) -> Iterator[Readable]:
        with self._pulling.changed:
            while not self._finished and self._reading < 0:
                self._pulling.check()
                self._pulling.changed.wait(NOTICE)
        if self._reading < 0:
            with self._pulling.content.open(self.descriptor.digest) as file:
                yield file
            return
        yield Following(self)

    def read_at(self, position: int, size: int) -> bytes:
        """Some bytes that have come, once there are any; none at the end. Raises Stopped."""
        with self._pulling.changed:
            while self._offset <= position < self.descriptor.size:
                self._pulling.check()
                self._pulling.changed.wait(NOTICE)
            ready = self._offset - position
        return os.pread(self._reading, min(size, ready), position) if ready > 0 else b""

    def close(self) -> None:
        """Ends following."""
        if self._reading >= 0:
            os.close(self._reading)
            self._reading = -1


class Following:
    """A stream of the bytes of a fetch."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._position = 0

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""
        data = self._fetch.read_at(self._position, size)
        self._position += len(data)
        return data
