"""`StepProgress`: what a step tells from its begin to its end, under one number."""

from __future__ import annotations

import time

from tiffin.image.building.events import BuildEvent, EventKind, Numbers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.events import Report


class StepProgress:
    """Args: title: what a person calls the step."""

    def __init__(self, report: Report, numbers: Numbers, title: str) -> None:
        self._report = report
        self._number = numbers.next()
        self._title = title
        self._begin = time.monotonic()
        self._tell(EventKind.STARTED)

    def _tell(self, kind: EventKind, text: str = "") -> None:
        seconds = time.monotonic() - self._begin
        self._report(BuildEvent(self._number, kind, self._title, text, seconds))

    def output(self, line: str) -> None:
        """A line that its command wrote."""
        self._tell(EventKind.OUTPUT, line)

    def warn(self, text: str) -> None:
        """Something that may not be what was meant."""
        self._tell(EventKind.WARNING, text)

    def cached(self) -> None:
        """Its result was there."""
        self._tell(EventKind.CACHED)

    def done(self) -> None:
        """It is done."""
        self._tell(EventKind.DONE)

    def failed(self, text: str) -> None:
        """It failed."""
        self._tell(EventKind.FAILED, text)
