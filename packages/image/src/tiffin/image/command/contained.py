"""The images in a file or folder: a docker-archive, an OCI layout, or an archive of one; each with its names."""

from __future__ import annotations

import os
import shutil
import tempfile

from tiffin.image.errors import NotFound
from tiffin.image.transports.archive import Archive
from tiffin.image.transports.folder import Folder, read_document
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import ExitStack
    from typing import BinaryIO

    from tiffin.image.transfer.protocol import ImageSource
    from tiffin.image.transports.folder import Files

REF_NAME = "org.opencontainers.image.ref.name"
STDIN = "stdin"
FULL_NAME = "io.containerd.image.name"  # what Docker and containerd write the whole name into


class ContainedImage(Record):
    """names: as they stand there. source: to copy it from."""

    names: tuple[str, ...]
    source: ImageSource


class Contained:
    """Args: files: the file or folder. path: for messages."""

    def __init__(self, files: Files, path: str) -> None:
        self._files = files
        self._path = path

    def images(self) -> list[ContainedImage]:
        """All images. Raises InvalidImage."""
        return self._of_layout() if self._files.has("oci-layout") else self._of_docker_archive()

    def _of_layout(self) -> list[ContainedImage]:
        from tiffin.image.documents import index_of
        from tiffin.image.transports.layout_source import LayoutSource

        found = {}
        for entry in index_of(read_document(self._files, "index.json"), f"index.json in {self._path!r}"):
            tag = entry.annotations.get(REF_NAME, "")
            name = entry.annotations.get(FULL_NAME, "") or tag
            selector = tag or f"@{entry.digest}"  # a tag may have several entries: one for each platform
            source = LayoutSource(self._files, selector, f"{self._path}:{selector}")
            found[selector] = ContainedImage((name,) if name else (), source)
        return list(found.values())

    def _of_docker_archive(self) -> list[ContainedImage]:
        from tiffin.image.transports.docker_archive import archive_entries
        from tiffin.image.transports.docker_archive_source import DockerArchiveSource

        return [
            ContainedImage(
                tuple(entry.get("RepoTags") or ()),
                DockerArchiveSource(self._files, f"@{number}", f"{self._path}:@{number}"),
            )
            for number, entry in enumerate(archive_entries(self._files))
        ]


def opened(path: str, stack: ExitStack) -> Contained:
    """Opens a file or folder; `stack` keeps it open. Raises NotFound, InvalidImage."""
    if not os.path.exists(path):
        raise NotFound(f"there is nothing at {path!r}")
    return Contained(Folder(path) if os.path.isdir(path) else stack.enter_context(Archive(path)), path)


def opened_stream(stream: BinaryIO, stack: ExitStack) -> Contained:
    """An archive that comes by a pipe: all of it first, as it is not read from front to back. Raises InvalidImage."""
    held = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  # the stack is one
    shutil.copyfileobj(stream, held, 1024 * 1024)
    held.flush()
    return Contained(stack.enter_context(Archive(f"/proc/self/fd/{held.fileno()}", STDIN)), STDIN)
