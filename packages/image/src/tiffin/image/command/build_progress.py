"""The progress of a build on stderr: lines with the number of the step, as BuildKit's plain progress has them."""

from __future__ import annotations

import sys
import threading

from tiffin.image.building.events import EventKind
from tiffin.image.command.output import is_coloured

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from tiffin.image.building.events import BuildEvent

RED, YELLOW, CYAN, DIM, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[2m", "\x1b[0m"
STYLES = {
    EventKind.STARTED: CYAN,
    EventKind.OUTPUT: DIM,
    EventKind.FAILED: RED,
    EventKind.WARNING: YELLOW,
}


class BuildLines:
    """Writes events; lines of steps that run at once are told apart by their numbers. Colours only on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._coloured = is_coloured(stream)

    def __call__(self, event: BuildEvent) -> None:
        """Takes an event."""
        line = f"#{event.number} {text_of(event)}"
        style = STYLES.get(event.kind, "") if self._coloured else ""
        with self._lock:
            print(f"{style}{line}{PLAIN if style else ''}", file=self._stream, flush=True)


def text_of(event: BuildEvent) -> str:
    """What an event says."""
    if event.kind is EventKind.STARTED:
        return event.title
    if event.kind is EventKind.OUTPUT:
        return f"{event.seconds:.3f} {event.text}"
    if event.kind is EventKind.CACHED:
        return "CACHED"
    if event.kind is EventKind.DONE:
        return f"DONE {event.seconds:.1f}s"
    return f"{'ERROR' if event.kind is EventKind.FAILED else 'WARNING'}: {event.text}"


def to_stderr() -> BuildLines:
    """Lines on stderr."""
    return BuildLines(sys.stderr)
