"""The files of a tar archive, read where they are; a compressed archive is first decompressed to a nameless file."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from types import TracebackType
from typing import IO, Self, cast

from tiffin.image.decompress import decompressed, is_compressed
from tiffin.image.errors import InvalidImage, NotFound

MOST_LINKS = 8


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
                return cast("IO[bytes]", self._tar.extractfile(member))
            base = "" if member.islnk() else os.path.dirname(member.name)
            member = self._members.get(os.path.normpath(os.path.join(base, member.linkname)))
        raise InvalidImage(f"{path!r} in {self.name!r} is no file")


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
