"""`Limits`: how much a layer may be, against bombs by ratio, by size and by count."""

from __future__ import annotations

from tiffin.image.errors import InvalidImage
from tiffin.runtime.record import Record


class Limits(Record):
    """None is no limit.

    entries: files, folders and whiteouts of one layer. size: bytes of one layer, uncompressed. ratio: how many times
    its stored bytes a layer may have uncompressed (gzip's own most is 1032, text rarely passes 20; zstd has no such
    bound). free: bytes that no ratio counts for, since layers with files full of zeros are common.
    """

    entries: int | None = 10_000_000
    size: int | None = None
    ratio: int | None = 2000
    free: int = 1024 * 1024 * 1024

    def check_entries(self, count: int) -> None:
        """Raises InvalidImage for too many."""
        if self.entries is not None and count > self.entries:
            raise InvalidImage(f"the layer has more than {self.entries} entries, which is the limit set")

    def check_ratio(self, stored: int, plain: int) -> None:
        """Raises InvalidImage for too much out of too little."""
        if self.ratio is not None and plain > max(self.free, stored * self.ratio):
            raise InvalidImage(f"the layer has more than {self.ratio} times its {stored} stored bytes")
