"""`Entry`: one member of an archive, with its pax and GNU headers taken into account."""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

BLOCK = 512
NANOSECONDS = 10**9

# The `typeflag` of POSIX, and GNU's
REGULAR, OLD_REGULAR, HARD_LINK, SYMBOLIC_LINK = b"0", b"\0", b"1", b"2"
CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO, CONTIGUOUS = b"3", b"4", b"5", b"6", b"7"
PAX, PAX_GLOBAL, PAX_SOLARIS = b"x", b"g", b"X"
GNU_NAME, GNU_TARGET, GNU_SPARSE, GNU_DUMPDIR = b"L", b"K", b"S", b"D"

HEADER_ONLY = frozenset((HARD_LINK, SYMBOLIC_LINK, CHARACTER, BLOCK_DEVICE, DIRECTORY, FIFO))


class Extent(Record):
    """A piece of a sparse file that has content: where it starts in the file, and its length in bytes."""

    start: int
    size: int


class Entry(Record):
    """A member of an archive.

    type: the typeflag. mode: permission bits only. size: bytes of content in the archive. mtime, atime: nanoseconds
    since 1970. target: of a link. device: major and minor. xattrs: by name. extents: where the content of a sparse
    file goes, None for another file. real_size: the size of the file, with its holes.
    """

    name: bytes
    type: bytes
    mode: int
    uid: int
    gid: int
    size: int
    mtime: int
    atime: int | None
    target: bytes
    device: tuple[int, int]
    xattrs: Mapping[str, bytes]
    extents: tuple[Extent, ...] | None
    real_size: int

    @property
    def shown(self) -> str:
        """The name as an error message has it."""
        text = self.name if len(self.name) <= 200 else self.name[:200] + b"..."
        return repr(text.decode("utf-8", "surrogateescape"))
