"""`Sink`: an archive that is hashed and compressed while it is written."""

from __future__ import annotations

import hashlib

from tiffin.image.transfer.compress import compressor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO

CHUNK = 256 * 1024


class Sink:
    """Takes an archive, hashes and compresses it.

    Args:
        file: where the compressed bytes go.
        kind, level: as `compressor` has them.
    """

    def __init__(self, file: IO[bytes], kind: str, level: int) -> None:
        self._file = file
        self._compressor = compressor(kind, level)
        self._waiting: list[bytes] = []
        self._held = 0
        self._plain, self._stored = hashlib.sha256(), hashlib.sha256()
        self.size = self.written = 0

    def write(self, data: bytes) -> None:
        """Takes bytes. Raises OSError if the disk is full."""
        self._waiting.append(data)
        self._held += len(data)
        self.written += len(data)
        if self._held >= CHUNK:
            self._pass_on()

    def finish(self) -> tuple[str, str]:
        """The digests: uncompressed, and as it is stored."""
        self._pass_on()
        self._store(self._compressor.flush())
        self._file.flush()
        return f"sha256:{self._plain.hexdigest()}", f"sha256:{self._stored.hexdigest()}"

    def _pass_on(self) -> None:
        data = b"".join(self._waiting)
        self._waiting, self._held = [], 0
        self._plain.update(data)
        self._store(self._compressor.compress(data))

    def _store(self, data: bytes) -> None:
        self._stored.update(data)
        self.size += self._file.write(data)
