"""`make_layer`: a layer as an image has it, compressed, with the digests of both sides."""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import closing, contextmanager

from tiffin.image.documents import Descriptor
from tiffin.image.layers.diff.write import layer_pieces, write_all
from tiffin.image.read_ahead import ReadAhead
from tiffin.image.transfer.compress import compressor
from tiffin.image.transfer.convert import layer_type
from tiffin.image.transfer.recompress import Recompressed
from tiffin.runtime.record import Record
from tiffin.spec.media_type import LAYER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tiffin.image.layers.diff.change import Change
    from tiffin.image.layers.diff.write import Writable
    from tiffin.image.layers.owners import IdMaps

BLOCK = 1024 * 1024


class MadeLayer(Record):
    """A layer that was written. diff_id: of the uncompressed archive. changes: how many are in it."""

    descriptor: Descriptor
    diff_id: str
    changes: int


def make_layer(
    changes: Iterable[Change],
    stream: Writable,
    compression: str = "gzip",
    *,
    level: int = 0,
    media_type: str = LAYER,
    ids: IdMaps | None = None,
    source_date_epoch: int | None = None,
) -> MadeLayer:
    """Writes a layer. Reading files and compressing go on at once, in two threads.

    Args:
        changes: as for `write_layer`.
        stream: takes the stored bytes: a file, or a content store's writer.
        compression: gzip, zstd or none. level: 0 for the usual one.
        media_type: of an uncompressed layer, in the family that the manifest is of.
        ids, source_date_epoch: as for `write_layer`.

    Raises:
        Unsupported: for another compression.
        FailedPrecondition, OSError: as `write_layer`.
    """
    made = compressor(compression, level)
    counted = _Counted(changes)
    diff_id, digest, size = hashlib.sha256(), hashlib.sha256(), 0
    pieces = layer_pieces(counted.changes(), ids=ids, source_date_epoch=source_date_epoch)
    with closing(pieces), ReadAhead(_Joined(pieces), BLOCK) as plain:
        block = b"more"
        while block:
            block = plain.read(BLOCK)
            diff_id.update(block)
            data = made.compress(block) if block else made.flush()
            digest.update(data)
            size += len(data)
            write_all(stream, data)
    descriptor = Descriptor(
        layer_type(media_type, compression), f"sha256:{digest.hexdigest()}", size, {}, None
    )
    return MadeLayer(descriptor, f"sha256:{diff_id.hexdigest()}", counted.count)


@contextmanager
def layer_file(
    changes: Iterable[Change],
    compression: str = "gzip",
    *,
    level: int = 0,
    media_type: str = LAYER,
    ids: IdMaps | None = None,
    source_date_epoch: int | None = None,
) -> Iterator[tuple[MadeLayer, Recompressed]]:
    """A layer in a nameless file, which `Recompressed.open_at` opens, until the `with` block ends.

    Arguments and errors as those of `make_layer`.
    """
    with tempfile.TemporaryFile() as file:
        made = make_layer(
            changes,
            file,
            compression,
            level=level,
            media_type=media_type,
            ids=ids,
            source_date_epoch=source_date_epoch,
        )
        file.flush()
        yield made, Recompressed(made.descriptor, file)


class _Counted:
    """Counts the changes that go by."""

    def __init__(self, changes: Iterable[Change]) -> None:
        self._changes = changes
        self.count = 0

    def changes(self) -> Iterator[Change]:
        for change in self._changes:
            self.count += 1
            yield change


class _Joined:
    """Pieces as a stream of bigger ones: most files are small."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int, /) -> bytes:
        """About `size` bytes, none only at the end."""
        data: list[bytes] = []
        length = 0
        while length < size and (piece := next(self._pieces, None)) is not None:
            data.append(piece)
            length += len(piece)
        return b"".join(data)
