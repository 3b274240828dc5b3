"""Taking a blob: verified while it is written, and kept only if it is what its descriptor says."""

from __future__ import annotations

import os

from tiffin.image.errors import DigestMismatch
from tiffin.image.transports.unfinished import UnfinishedFile, write_all
from tiffin.image.verified import BLOCK, VerifiedReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tiffin.image.documents import Descriptor
    from tiffin.image.verified import Readable

    OpenAt = Callable[[int], AbstractContextManager[Readable]]


def take(folder: str, descriptor: Descriptor, open_at: OpenAt) -> UnfinishedFile:
    """A nameless file in `folder` with the content of a blob; the caller publishes or closes it.

    Raises:
        DigestMismatch: if it is not what the descriptor says.
        OSError: if the disk is full, or the like.
    """
    unfinished = UnfinishedFile(folder)
    try:
        with open_at(0) as stream:
            reader = VerifiedReader(
                stream, descriptor.digest, descriptor.size, f"the blob {descriptor.digest}"
            )
            while block := reader.read(BLOCK):
                write_all(unfinished.file, block)
            reader.finish()
    except BaseException:
        unfinished.close()
        raise
    return unfinished


def holds(path: str, descriptor: Descriptor) -> bool:
    """Whether the file is this blob; all of it is read, since what a power cut left may have the right size."""
    try:
        if os.stat(path).st_size != descriptor.size:
            return False
        with open(path, "rb", buffering=0) as file:
            VerifiedReader(file, descriptor.digest, descriptor.size, path).finish()
    except (FileNotFoundError, DigestMismatch):
        return False
    return True
