"""The files of a tar archive, read where they are; a compressed archive is first decompressed to a nameless file."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from types import TracebackType
from typing import IO, Self, cast

from tiffin.image.decompress import decompressed
from tiffin.image.errors import InvalidImage, NotFound

MOST_LINKS = 8


class Archive:
    """A `Files` on a tar archive; `docker save` of old writes layers as links to each other, which are followed."""

    def __init__(self, path: str) -> None:
        self.name = path
        with open(path, "rb", buffering=0) as file:
            self._file = self._plain(file)
        try:
            self._tar = tarfile.open(fileobj=self._file, mode="r:", encoding="utf-8")  # noqa: SIM115
            self._members = {os.path.normpath(member.name): member for member in self._tar}
        except tarfile.TarError as error:
            self._file.close()
            raise InvalidImage(
                f"{path!r} is no image: neither a folder nor a tar archive ({error})"
            ) from error

    @staticmethod
    def _plain(file: io.FileIO) -> IO[bytes]:
        """The archive itself, or a decompressed copy of it that vanishes with us."""
        reader = decompressed(file)
        if isinstance(reader, io.BufferedReader):
            return open(os.dup(file.fileno()), "rb")
        copy = tempfile.TemporaryFile()  # noqa: SIM115
        shutil.copyfileobj(cast("IO[bytes]", reader), copy, 1024 * 1024)
        copy.seek(0)
        return cast("IO[bytes]", copy)

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
