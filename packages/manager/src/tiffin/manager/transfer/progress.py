"""`Progress`: what is told of a transfer, over a stream, in containerd's words. Also how a transfer is given up."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tiffin.api.containerd.types.transfer.progress_pb2 import Progress as Message
from tiffin.api.typeurl import pack
from tiffin.image.errors import Stopped
from tiffin.image.transfer.events import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tiffin.image.transfer.events import Progress as Event
    from tiffin.manager.streaming.stream import Stream

WORDS: Mapping[Stage, str] = {
    Stage.STARTED: "waiting",
    Stage.DONE: "complete",
    Stage.PRESENT: "already exists",
    Stage.MOUNTED: "mounted",
    Stage.LEFT_OUT: "skipped",
}


class Progress:
    """A `Report` for tiffin.image, and sentences. Called in any thread.

    Args:
        stream: where to; None for nowhere.
        running: the word for what goes on: "downloading", "uploading".
    """

    def __init__(self, stream: Stream | None, running: str = "downloading") -> None:
        self._stream = stream
        self._running = running
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Nobody waits for the transfer any more: it fails at its next event."""
        self._stopped.set()

    def __call__(self, event: Event) -> None:
        """An event of a piece of content. Raises Stopped."""
        if self._stopped.is_set():
            raise Stopped("given up: the client has gone")
        word = WORDS.get(event.stage, self._running)
        digest = event.digest
        self._offer(
            Message(event=word, name=f"{event.kind}-{digest}", progress=event.done, total=event.total)
        )

    def say(self, text: str, name: str = "") -> None:
        """A sentence."""
        self._offer(Message(event=text, name=name))

    def _offer(self, message: Message) -> None:
        if self._stream is not None:
            self._stream.loop.call_soon_threadsafe(self._stream.offer, pack(message))
