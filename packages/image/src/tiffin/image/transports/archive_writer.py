"""`ArchiveWriter`: a tar archive that appears at its path only when it is whole; equal content gives equal bytes."""

from __future__ import annotations

import os
import tarfile
import tempfile
from types import TracebackType
from typing import Self

from tiffin.image.transports.incoming import take
from tiffin.image.transports.unfinished import UnfinishedFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from tiffin.image.documents import Descriptor
    from tiffin.image.transports.incoming import OpenAt


class ArchiveWriter:
    """Blobs are held in nameless files beside the archive, since threads bring them in any order, until `finish`."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._folder = os.path.dirname(path) or "."
        self._blobs: dict[str, UnfinishedFile] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for blob in self._blobs.values():
            blob.close()
        self._blobs.clear()

    def has(self, digest: str) -> bool:
        """Whether the blob was taken already."""
        return digest in self._blobs

    def take(self, descriptor: Descriptor, open_at: OpenAt) -> None:
        """Takes a blob. Raises DigestMismatch, OSError."""
        os.makedirs(self._folder, exist_ok=True)
        blob = take(self._folder, descriptor, open_at)
        kept = self._blobs.setdefault(descriptor.digest, blob)
        if kept is not blob:  # two threads brought it
            blob.close()

    def finish(self, documents: Mapping[str, bytes], blobs: Mapping[str, str]) -> None:
        """Writes the archive.

        Args:
            documents: small files by name; they come first.
            blobs: names to digests of what was taken.

        Raises:
            OSError: then nothing is left.
        """
        os.makedirs(self._folder, exist_ok=True)
        with UnfinishedFile(self._folder) as unfinished:
            self._write(unfinished.file, documents, blobs)
            unfinished.publish(self.path)

    def _write(self, file: BinaryIO, documents: Mapping[str, bytes], blobs: Mapping[str, str]) -> None:
        with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as archive:
            for name, data in documents.items():
                with UnfinishedFile(self._folder) as small:
                    small.file.write(data)
                    _add(archive, name, small.file)
            for name, digest in blobs.items():
                _add(archive, name, self._blobs[digest].file)


class ArchiveStream(ArchiveWriter):
    """The same to a stream that only goes forward, such as a pipe; the blobs are held below $TMPDIR, nameless."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(os.path.join(tempfile.gettempdir(), "archive"))
        self._stream = stream

    def finish(self, documents: Mapping[str, bytes], blobs: Mapping[str, str]) -> None:
        """Writes the archive. Raises OSError; then some of it is out."""
        self._write(self._stream, documents, blobs)
        self._stream.flush()


def _add(archive: tarfile.TarFile, name: str, file: BinaryIO) -> None:
    entry = tarfile.TarInfo(name)
    entry.mode = 0o644
    entry.size = file.seek(0, os.SEEK_END)
    file.seek(0)
    archive.addfile(entry, file)
