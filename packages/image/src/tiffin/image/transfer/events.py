"""What a copy tells while it runs."""

from __future__ import annotations

from enum import Enum

from tiffin.runtime.record import Record


class Stage(Enum):
    """Where a piece of content is."""

    STARTED = "started"
    RUNNING = "running"
    DONE = "done"
    PRESENT = "present"  # the destination had it
    MOUNTED = "mounted"  # the destination took it over from another repository
    LEFT_OUT = "left out"  # a foreign layer, which is fetched from elsewhere


class Progress(Record):
    """An event. kind: layer, config, blob (of an artifact), manifest or index. done, total: bytes."""

    stage: Stage
    kind: str
    digest: str
    done: int
    total: int


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Report = Callable[[Progress], None]
    """Takes events; it is called by several threads at once."""


def nobody(event: Progress) -> None:
    """A `Report` that drops the event."""
