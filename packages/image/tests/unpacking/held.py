"""Images whose layers a test holds back: each tells when it is read and when it was, and waits where it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tiffin.image.documents import ImageConfig, Platform
from tiffin.image.errors import Stopped
from tiffin.image.image import Image, Layer
from tiffin_testing.images import digest

if TYPE_CHECKING:
    from tiffin.image.transfer.events import Progress, Stage

SECONDS = 30.0


class Crowd:
    """How many are inside. most: at a time."""

    def __init__(self) -> None:
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *_raised: object) -> None:
        with self._lock:
            self._now -= 1


class Held:
    """A layer.

    Args:
        data: its archive. held: nothing comes before `open`, or nothing after the first `at` bytes. lie: it is not
            what its digest says. crowd: counts it while it is made.

    begun: is released when somebody begins to read it. ended: all of it was read.
    """

    def __init__(
        self, data: bytes, *, held: bool = False, at: int = 0, lie: bool = False, crowd: Crowd | None = None
    ) -> None:
        self.data = data
        self.crowd = crowd or Crowd()
        self.diff_id = digest(data + b"x" * lie)
        self.begun = threading.Semaphore(0)
        self.ended = threading.Event()
        self._opened = threading.Event()
        self._at = at
        self._given_up = False
        if not held:
            self._opened.set()

    def open(self) -> None:
        """Lets it come."""
        self._opened.set()

    def give_up(self) -> None:
        """Who waits for it gets Stopped."""
        self._given_up = not self._opened.is_set()
        self._opened.set()

    def wait_until_begun(self) -> None:
        assert self.begun.acquire(timeout=SECONDS), "nobody reads it"

    def wait_until_ended(self) -> None:
        assert self.ended.wait(SECONDS), "nobody reads all of it"

    @contextmanager
    def stream(self) -> Iterator[_Stream]:
        with self.crowd:
            yield _Stream(self)

    def bytes_at(self, position: int, size: int) -> bytes:
        if position == 0:
            self.begun.release()
        if position >= self._at:
            assert self._opened.wait(SECONDS), "nobody lets it come"
            if self._given_up:
                raise Stopped("the test has given up")
        else:
            size = min(size, self._at - position)
        data = self.data[position : position + size]
        if not data:
            self.ended.set()
        return data


class _Stream:
    def __init__(self, held: Held) -> None:
        self._held = held
        self._position = 0

    def read(self, size: int, /) -> bytes:
        data = self._held.bytes_at(self._position, size)
        self._position += len(data)
        return data


def image_of(*layers: Held, name: str = "held") -> Image:
    diff_ids = tuple(layer.diff_id for layer in layers)
    parts = tuple(Layer(layer.diff_id, None, None, layer.stream) for layer in layers)
    return Image(name, ImageConfig(digest(b"{}"), 2, {}, Platform("linux", "amd64"), diff_ids), parts)


class Events:
    """What was reported: the stage of each event, with the number of its layer."""

    def __init__(self, *layers: Held) -> None:
        self._numbers = {layer.diff_id: number for number, layer in enumerate(layers)}
        self.seen: list[tuple[int, Stage]] = []

    def __call__(self, event: Progress) -> None:
        assert event.kind == "unpack"
        self.seen.append((self._numbers[event.digest], event.stage))

    def of(self, stage: Stage) -> list[int]:
        """The layers that had this event, in order."""
        return [number for number, found in self.seen if found is stage]
