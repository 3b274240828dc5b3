"""The files of a tar archive, read where they are; a compressed archive is first decompressed to a nameless file."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from types import TracebackType
from typing import IO, Self, cast

from tiffin.image.decompress import decompressed, is_compressed
from tiffin.image.errors import InvalidImage, NotFound
from tiffin.image.layers.limits import Limits
from tiffin.image.layers.tar import entry as kinds
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import FileSource
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_LINKS = 8
# of a compressed archive: gzip's own most is a ratio of 1032
LIMITS = Limits(entries=1_000_000, ratio=1032, free=64 * 1024**2)
REGULAR = (kinds.REGULAR, kinds.CONTIGUOUS)
LINKS = (kinds.HARD_LINK, kinds.SYMBOLIC_LINK)


class Member(Record):
    """A file of the archive. start, size: where its content is, in bytes; -1 for a sparse file. target: of a link."""

    type: bytes
    start: int
    size: int
    target: str


class Section(io.RawIOBase):
    """A part of a file with a position of its own, so that several threads read one archive at once."""

    def __init__(self, descriptor: int, start: int, end: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._start = start
        self._end = end
        self._position = start

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Goes to a byte, counted from the start of the section. Raises ValueError for one outside of it."""
        base = {os.SEEK_SET: self._start, os.SEEK_CUR: self._position, os.SEEK_END: self._end}[whence]
        if not self._start <= base + offset <= self._end:
            raise ValueError(f"there is no byte {offset} in a file of {self._end - self._start}")
        self._position = base + offset
        return self._position - self._start

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # any writable buffer
        """Fills the buffer as far as the section goes."""
        view = memoryview(buffer)[: self._end - self._position]
        count = os.preadv(self._descriptor, [view], self._position) if len(view) else 0
        self._position += count
        return count


class Archive:
    """A `Files` on a tar archive; `docker save` of old writes layers as links to each other, which are followed.

    Args: path: where it is. name: for messages, if not the path.
    """

    def __init__(self, path: str, name: str = "") -> None:
        self.name = name or path
        self._file = _plain(path)
        try:
            self._members = dict(_members(self._file))
        except InvalidImage as error:
            self._file.close()
            raise InvalidImage(
                f"{self.name!r} is no image: neither a folder nor a tar archive ({error})"
            ) from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._members

    def open(self, path: str) -> IO[bytes]:
        """Opens a file. Raises NotFound, or InvalidImage for what is no file."""
        name = os.path.normpath(path)
        for _ in range(MOST_LINKS):
            member = self._members.get(name)
            if member is None:
                raise NotFound(f"{self.name!r} has no file {path!r}")
            if member.type in REGULAR and member.size >= 0:
                section = Section(self._file.fileno(), member.start, member.start + member.size)
                return cast("IO[bytes]", section)
            if member.type not in LINKS:
                break
            base = "" if member.type == kinds.HARD_LINK else os.path.dirname(name)
            name = os.path.normpath(os.path.join(base, member.target))
        raise InvalidImage(f"{path!r} in {self.name!r} is no file, or is sparse")


def _members(file: IO[bytes]) -> Iterator[tuple[str, Member]]:
    """The files of the archive by name; of two with one name the last counts. Raises InvalidImage."""
    source = FileSource(file)
    for count, entry in enumerate(TarReader(source).entries(), 1):
        LIMITS.check_entries(count)
        name = os.path.normpath(os.fsdecode(entry.name))
        size = entry.size if entry.extents is None else -1
        yield name, Member(entry.type, source.offset, size, os.fsdecode(entry.target))


def _plain(path: str) -> IO[bytes]:
    """The archive, or a copy that vanishes with us: of a pipe, and decompressed. Raises InvalidImage for a bomb."""
    file: IO[bytes] = open(path, "rb")  # noqa: SIM115
    if not file.seekable():
        with file as pipe:
            file = _copy(pipe)
    if not is_compressed(_head(file)):
        return file
    from tiffin.image.unpack import Bounded, Measured

    with file:
        stored = Measured(file)
        return _copy(cast("IO[bytes]", Bounded(decompressed(stored), stored, LIMITS)))


def _head(file: IO[bytes]) -> bytes:
    head = file.read(4)
    file.seek(0)
    return head


def _copy(stream: IO[bytes]) -> IO[bytes]:
    copy = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        shutil.copyfileobj(stream, copy, 1024 * 1024)
        copy.seek(0)
    except BaseException:
        copy.close()
        raise
    return cast("IO[bytes]", copy)
