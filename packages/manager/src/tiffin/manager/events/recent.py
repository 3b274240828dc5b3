"""`Recent`: the last events, in bounded memory, by their numbers. All subscribers read from it; nothing is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tiffin.manager.events.envelope import Envelope


class Recent:
    """A ring. The number of an event says where it lies; `first` is the oldest that is there, `next` the one to come.

    Args:
        events: how many are kept at most.
        size: how many bytes they take at most, about; one event is always kept.
    """

    def __init__(self, events: int, size: int) -> None:
        self._ring: list[Envelope | None] = [None] * events
        self._most = size
        self._size = 0
        self.first = 1
        self.next = 1

    def add(self, envelope: Envelope) -> None:
        """Takes the event whose number is `next`."""
        if self.next - self.first == len(self._ring):
            self._drop()
        self._ring[self.next % len(self._ring)] = envelope
        self.next += 1
        self._size += envelope.size
        while self._size > self._most and self.first + 1 < self.next:
            self._drop()

    def _drop(self) -> None:
        place = self.first % len(self._ring)
        oldest = self._ring[place]
        self._ring[place] = None
        self.first += 1
        self._size -= oldest.size if oldest is not None else 0

    def get(self, sequence: int) -> Envelope | None:
        """The event of that number; None if it is not there yet, or not any more."""
        if not self.first <= sequence < self.next:
            return None
        found = self._ring[sequence % len(self._ring)]  # a publisher's thread may have put another one there
        return found if found is not None and found.sequence == sequence else None
