"""`Schedule`: when the next collection is due. No clock and no thread: it is told the time.

As containerd's scheduler (plugins/gc/scheduler.go), but it asks for no timer while there is nothing to collect:
- the first collection is `startup_delay` after the start;
- after one the next is due when the share of time that collections take is below `pause_threshold` again, and if there
  was a deletion, or `mutation_threshold` changes;
- who asks for one, or `deletion_threshold` deletions, get it after `schedule_delay`, whatever the share is.
"""

from __future__ import annotations

from tiffin.manager.config.settings import Scheduler

LEAST = 0.005  # seconds that a collection counts for at least: a very short one is not repeated at once
PERIOD = 1.0  # seconds from one to the next where no share is set
RETRY = 1.0  # seconds, beside the interval, after one that failed


class Schedule:
    """Times are seconds of any one clock.

    Args:
        settings: the thresholds.
        now: the time of the start.
    """

    def __init__(self, settings: Scheduler, now: float) -> None:
        self.settings = settings
        self._first = now + settings.startup_delay if settings.startup_delay else None
        self._earliest = now
        self._interval = PERIOD
        self._average = 0.0
        self._urgent: float | None = None
        self._deletions = 0
        self._mutations = 0

    def mutated(self, now: float, *, deletion: bool) -> None:
        """Something was changed, or removed."""
        self._mutations += 1
        self._deletions += deletion
        most = self.settings.deletion_threshold
        if most and self._deletions >= most:
            self.trigger(now)

    def trigger(self, now: float) -> None:
        """Somebody asks for a collection."""
        if self._urgent is None:
            self._urgent = now + self.settings.schedule_delay

    def due(self) -> float | None:
        """The time of the next one; None while there is no reason for any."""
        times = [time for time in (self._urgent, self._first) if time is not None]
        most = self.settings.mutation_threshold
        if self._deletions or (most and self._mutations >= most):
            times.append(self._earliest)
        return min(times, default=None)

    def began(self) -> None:
        """One begins: what is changed from now on may be too late for it, and counts for the next."""
        self._first = self._urgent = None
        self._deletions = self._mutations = 0

    def ended(self, now: float, seconds: float) -> None:
        """It took that long. An earlier one counts half as much as the one after it."""
        self._average = (self._average + seconds) / 2 if self._average else seconds
        share = self.settings.pause_threshold
        if share:
            average = max(self._average, LEAST)
            self._interval = average / share - average
        self._earliest = now + self._interval

    def failed(self, now: float) -> None:
        """It could not be done: it is tried again, not at once."""
        self._earliest = now + self._interval + RETRY
        self._urgent = self._earliest
