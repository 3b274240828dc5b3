"""What a build tells while it runs."""

from __future__ import annotations

import threading
from enum import Enum

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Report = Callable[["BuildEvent"], None]
    """Takes events; it is called by several threads at once."""


class EventKind(Enum):
    """What has happened to a step."""

    STARTED = "started"
    OUTPUT = "output"  # a line that the command wrote
    CACHED = "cached"
    DONE = "done"
    FAILED = "failed"
    WARNING = "warning"


class BuildEvent(Record):
    """An event. number: of the step, counted from 1 in the order in which they begin. seconds: since it began."""

    number: int
    kind: EventKind
    title: str
    text: str = ""
    seconds: float = 0.0


def nobody(event: BuildEvent) -> None:
    """A `Report` that drops the event."""


class Numbers:
    """Numbers for steps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        """The next one."""
        with self._lock:
            self._last += 1
            return self._last
