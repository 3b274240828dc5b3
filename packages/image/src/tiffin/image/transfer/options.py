"""What may be asked of a copy, and what a kind of destination demands of it."""

from __future__ import annotations

from tiffin.image.errors import Unsupported
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.documents import Platform

FORMATS = ("oci", "v2s2")
COMPRESSIONS = ("gzip", "zstd", "none")
PARALLEL = 4


class CopyOptions(Record):
    """How to copy.

    all: every image of an index, not only the one for the platform. platform: this machine's if None.
    format: of FORMATS, "" for as it is. compression: of COMPRESSIONS, "" for as it is. level: 0 for the usual one.
    plain_becomes: what becomes of uncompressed layers where `compression` says nothing.
    referrers: signatures and the like too. preserve: fail rather than change a digest.
    parallel: how many blobs at a time.
    """

    all: bool = False
    platform: Platform | None = None
    format: str = ""
    compression: str = ""
    level: int = 0
    plain_becomes: str = ""
    referrers: bool = False
    preserve: bool = False
    parallel: int = PARALLEL


class Demands(Record):
    """What a kind of destination can hold. single: one manifest, no index. The others as in `CopyOptions`."""

    single: bool = False
    format: str = ""
    compression: str = ""
    plain_becomes: str = ""

    def applied(self, options: CopyOptions, name: str) -> CopyOptions:
        """The options, with what the destination needs.

        Raises:
            Unsupported: if it cannot have what was asked for.
        """
        if self.single and (options.all or options.referrers):
            raise Unsupported(f"{name!r} holds single images: neither an index nor referrers fit in")
        if self.single:
            if {options.format, options.compression} - {"", self.format, self.compression}:
                raise Unsupported(f"{name!r} has a format of its own: its layers are not compressed")
            return options.replace(format=self.format, compression=self.compression)
        return options.replace(
            format=options.format or ("" if options.preserve else self.format),
            compression=options.compression or self.compression,
            plain_becomes=options.plain_becomes or ("" if options.preserve else self.plain_becomes),
        )
