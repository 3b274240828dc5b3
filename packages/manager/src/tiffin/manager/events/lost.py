"""`EventsLost`: what a subscriber gets instead of events that are gone."""

from __future__ import annotations

from tiffin.image.errors import DataLoss


class EventsLost(DataLoss):
    """Events have been dropped before this subscriber has read them; it goes on with `resume`, if it reads on.

    Args:
        first: number of the first one that is lost.
        resume: number of the oldest one that is still there. Whoever keeps a picture of the state lists it anew, then
            reads on from here.
    """

    def __init__(self, first: int, resume: int) -> None:
        super().__init__(
            f"events {first} to {resume - 1} are lost: they were not read in time; "
            f"list what they told of, and go on with event {resume}"
        )
        self.first = first
        self.resume = resume
