"""The progress of a copy on stderr: bars on a terminal, lines where there is none."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager

from tiffin.image.command.units import bytes_text
from tiffin.image.transfer.events import Stage, nobody

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from tiffin.image.transfer.events import Progress, Report

SHORT = 12  # digits of a digest, as Docker shows it
WORDS = {
    Stage.DONE: "done",
    Stage.PRESENT: "already there",
    Stage.MOUNTED: "taken over from another repository",
    Stage.LEFT_OUT: "left out: it is fetched from elsewhere",
}


@contextmanager
def reported(*, quiet: bool) -> Iterator[Report]:
    """A `Report` for as long as the block lasts."""
    if quiet:
        yield nobody
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, TextColumn("{task.fields[words]}"), console=Console(stderr=True)) as bars:
            yield BarReport(bars)
    else:
        yield LineReport(sys.stderr)


def title(event: Progress) -> str:
    """What an event is about."""
    return f"{event.kind} {event.digest.partition(':')[2][:SHORT]}"


class LineReport:
    """One line for each piece of content, when it is there."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def __call__(self, event: Progress) -> None:
        """Takes an event."""
        if event.stage in WORDS:
            with self._lock:
                line = f"{title(event):22} {bytes_text(event.total):>9} {WORDS[event.stage]}"
                print(line, file=self._stream, flush=True)


class BarReport:
    """A bar for each piece of content."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, event: Progress) -> None:
        """Takes an event."""
        with self._lock:
            if event.digest not in self._tasks:
                self._tasks[event.digest] = self._bars.add_task(title(event), total=event.total, words="")
            done = event.done if event.stage in (Stage.STARTED, Stage.RUNNING) else event.total
            self._bars.update(self._tasks[event.digest], completed=done, words=WORDS.get(event.stage, ""))
