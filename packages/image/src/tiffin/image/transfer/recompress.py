"""A layer in another compression: read, verified on both sides, and kept in a nameless file until it is sent."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager

from tiffin.image.decompress import decompressed, is_compressed
from tiffin.image.documents import Descriptor
from tiffin.image.transfer.compress import compressor
from tiffin.image.verified import BLOCK, VerifiedReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from typing import IO

    from tiffin.image.verified import Readable

    OpenAt = Callable[[int], AbstractContextManager[Readable]]


class Recompressed:
    """A layer that was compressed anew. descriptor: its new one. `close` throws the file away."""

    def __init__(self, descriptor: Descriptor, file: IO[bytes]) -> None:
        self.descriptor = descriptor
        self._file = file

    @contextmanager
    def open_at(self, offset: int) -> Iterator[Readable]:
        """The new bytes from an offset on."""
        self._file.seek(offset)
        yield self._file

    def close(self) -> None:
        """Frees the disk."""
        self._file.close()


def compression_of(open_at: OpenAt) -> str:
    """gzip, zstd or none, by the first bytes: a media type may lie."""
    with open_at(0) as stream:
        magic = b""
        while len(magic) < 4 and (more := stream.read(4 - len(magic))):
            magic += more
    if not is_compressed(magic):
        return "none"
    return "gzip" if magic.startswith(b"\x1f\x8b") else "zstd"


def recompress(
    layer: Descriptor, diff_id: str, open_at: OpenAt, kind: str, level: int, media_type: str
) -> Recompressed:
    """Reads a layer and compresses what is in it.

    Args:
        layer: what is stored. diff_id: what must be inside.
        open_at: opens it.
        kind: gzip, zstd or none. level: 0 for the usual one.
        media_type: of the result.

    Raises:
        DigestMismatch, InvalidImage: if the layer is not what its digests say, or is broken.
        Unsupported, OSError: as `compressor`; a full disk.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  # Recompressed closes it
    try:
        with open_at(0) as stream:
            stored = VerifiedReader(stream, layer.digest, layer.size, f"the layer {layer.digest}")
            plain = VerifiedReader(
                decompressed(stored), diff_id, None, f"the layer {layer.digest}, uncompressed,"
            )
            digest, size = _compress(plain, file, kind, level)
            stored.finish()
    except BaseException:
        file.close()
        raise
    return Recompressed(Descriptor(media_type, digest, size, layer.annotations, layer.platform), file)


def _compress(plain: VerifiedReader, file: IO[bytes], kind: str, level: int) -> tuple[str, int]:
    made, digest, size = compressor(kind, level), hashlib.sha256(), 0
    while True:
        block = plain.read(BLOCK)
        data = made.compress(block) if block else made.flush()
        digest.update(data)
        size += file.write(data)
        if not block:
            file.flush()
            return f"sha256:{digest.hexdigest()}", size
