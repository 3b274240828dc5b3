"""`CopyRequest`: one copy that was asked for, as all its parts see it."""

from __future__ import annotations

from tiffin.image.transfer.events import Progress, Stage
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Descriptor
    from tiffin.image.transfer.events import Report
    from tiffin.image.transfer.options import CopyOptions
    from tiffin.image.transfer.protocol import ImageDestination, ImageSource


class CopyRequest(Record):
    """source: where from. destination: where to. options: how. report: takes the events, from several threads."""

    source: ImageSource
    destination: ImageDestination
    options: CopyOptions
    report: Report

    def tell(self, stage: Stage, kind: str, descriptor: Descriptor, done: int) -> None:
        """Reports an event. done: bytes."""
        self.report(Progress(stage, kind, descriptor.digest, done, descriptor.size))
