"""ADD of an archive: what is in it, in place of itself. Told by its content, as Docker does, never by its name."""

from __future__ import annotations

import bz2
import lzma

from tiffin.image.decompress import Decompressed, decompressed
from tiffin.image.errors import ImageFailure
from tiffin.image.layers.apply import LayerWriter
from tiffin.image.layers.owners import Ownership
from tiffin.image.layers.root import Root
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

    from tiffin.image.verified import Readable

BZIP2 = b"BZh"
XZ = b"\xfd7zXZ\0"
DAMAGE = (lzma.LZMAError, EOFError, OSError, ValueError)


def _plain(file: IO[bytes]) -> Readable:
    """What is inside of a file that may be compressed."""
    head = file.read(len(XZ))
    file.seek(0)
    if head.startswith(BZIP2):
        return Decompressed(bz2.BZ2File(file), DAMAGE)
    if head.startswith(XZ):
        return Decompressed(lzma.LZMAFile(file), DAMAGE)
    return decompressed(file)


def is_archive(path: str) -> bool:
    """Whether a file is a tar archive, compressed by gzip, bzip2, xz or zstd or not at all."""
    with open(path, "rb") as file:
        try:
            return next(iter(TarReader(Source(_plain(file))).entries()), None) is not None
        except (ImageFailure, *DAMAGE):
            return False


def unpack_archive(path: str, folder: Root) -> None:
    """Unpacks an archive into a folder that nothing in it can leave.

    Raises:
        InvalidImage: it is broken. OSError: as the disk says.
    """
    with open(path, "rb") as file:
        writer = LayerWriter(folder, Ownership.possible())
        writer.apply(_plain(file))
        writer.finish()
