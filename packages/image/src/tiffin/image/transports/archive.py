"""The files of a tar archive, read where they are; a compressed archive is first decompressed to a nameless file."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from types import TracebackType
from typing import IO, Self, cast

from tiffin.image.decompress import decompressed, is_compressed
from tiffin.image.errors import InvalidImage, NotFound

MOST_LINKS = 8


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
    """A `Files` on a tar archive; `docker save` of old writes layers as links to each other, which are followed."""

    def __init__(self, path: str) -> None:
        self.name = path
        self._file = _plain(path)
        try:
            self._tar = tarfile.open(fileobj=self._file, mode="r:", encoding="utf-8")  # noqa: SIM115
            self._members = {os.path.normpath(member.name): member for member in self._tar}
        except tarfile.TarError as error:
            self._file.close()
            raise InvalidImage(
                f"{path!r} is no image: neither a folder nor a tar archive ({error})"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tar.close()
        self._file.close()

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._members

    def open(self, path: str) -> IO[bytes]:
        """Opens a file. Raises NotFound, or InvalidImage for what is no file."""
        member = self._members.get(os.path.normpath(path))
        for _ in range(MOST_LINKS):
            if member is None:
                raise NotFound(f"{self.name!r} has no file {path!r}")
            if member.isfile():
                return cast("IO[bytes]", self._section(member))
            base = "" if member.islnk() else os.path.dirname(member.name)
            member = self._members.get(os.path.normpath(os.path.join(base, member.linkname)))
        raise InvalidImage(f"{path!r} in {self.name!r} is no file")

    def _section(self, member: tarfile.TarInfo) -> Section:
        end = member.offset_data + member.size
        if member.issparse() or end > os.fstat(self._file.fileno()).st_size:
            raise InvalidImage(f"{member.name!r} in {self.name!r} is cut off, or is sparse")
        return Section(self._file.fileno(), member.offset_data, end)


def _plain(path: str) -> IO[bytes]:
    """The archive itself, or a decompressed copy of it that vanishes with us."""
    file = open(path, "rb")  # noqa: SIM115
    if not is_compressed(file.peek(4)[:4]):
        return file
    copy = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        with file:
            shutil.copyfileobj(cast("IO[bytes]", decompressed(file)), copy, 1024 * 1024)
        copy.seek(0)
    except BaseException:
        copy.close()
        raise
    return cast("IO[bytes]", copy)
