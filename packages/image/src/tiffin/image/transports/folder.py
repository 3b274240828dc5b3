"""Files below a folder, or in an archive: what the transports read from."""

from __future__ import annotations

import os
import stat

from tiffin.image.documents import MOST_BYTES
from tiffin.image.errors import InvalidImage, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Protocol

    class Files(Protocol):
        """Named files, to be read."""

        @property
        def name(self) -> str:
            """What a person calls the place."""

        def has(self, path: str) -> bool:
            """Whether there is such a file."""

        def open(self, path: str) -> IO[bytes]:
            """Opens a file; raises NotFound."""


class Folder:
    """Files below a folder of the caller's own file system."""

    def __init__(self, path: str) -> None:
        self.name = path

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return os.path.isfile(os.path.join(self.name, path))

    def open(self, path: str) -> IO[bytes]:
        """Opens a file. Raises NotFound, or InvalidImage for what is no file."""
        try:
            file = open(os.path.join(self.name, path), "rb", buffering=0, opener=_open_at_once)  # noqa: SIM115
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFound(f"{self.name!r} has no file {path!r}") from error
        except IsADirectoryError as error:
            raise InvalidImage(f"{path!r} in {self.name!r} is no file") from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise InvalidImage(f"{path!r} in {self.name!r} is no file")
        return file


def _open_at_once(path: str, flags: int) -> int:
    """A pipe that nobody writes to would let open(2) wait for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


def read_document(files: Files, path: str) -> bytes:
    """The whole of a small file. Raises InvalidImage if it is not small, NotFound if it is not there."""
    with files.open(path) as file:
        data = b""
        while len(data) <= MOST_BYTES and (block := file.read(MOST_BYTES + 1)):
            data += block
    if len(data) > MOST_BYTES:
        raise InvalidImage(f"{path!r} in {files.name!r} is longer than {MOST_BYTES} bytes")
    return data


def opener(files: Files, path: str) -> Callable[[], IO[bytes]]:
    """A function that opens this file, for `Layer.open`."""
    return lambda: files.open(path)
