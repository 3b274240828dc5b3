"""Writing the layer of one image: its archive without `rootfs/`, compressed, in a nameless file."""

from __future__ import annotations

import tempfile

from tiffin.image.aci.names import MANIFEST, below_rootfs, parts_of
from tiffin.image.aci.sink import CHUNK, Sink
from tiffin.image.aci.streams import opened
from tiffin.image.documents import Descriptor
from tiffin.image.errors import DigestMismatch, InvalidImage
from tiffin.image.layers.create import REGULAR
from tiffin.image.layers.diff.header import header, time_text
from tiffin.image.layers.tar import entry as kinds
from tiffin.image.layers.tar.entry import Entry
from tiffin.image.layers.tar.reader import TarReader
from tiffin.image.layers.tar.source import Source
from tiffin.image.transfer.convert import layer_type
from tiffin.runtime.record import Record
from tiffin.spec.media_type import LAYER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from tiffin.image.aci.selection import Selection, Written
    from tiffin.image.aci.survey import Survey
    from tiffin.image.layers.limits import Limits

END = bytes(2 * kinds.BLOCK)
ZEROS = bytes(CHUNK)


class MadeLayer(Record):
    """A layer in a nameless file, which the caller closes."""

    descriptor: Descriptor
    diff_id: str
    file: IO[bytes]


class LayerMaker:
    """Writes layers.

    Args:
        limits: how much each may be.
        kind, level: as `compressor` has them.
    """

    def __init__(self, limits: Limits, kind: str, level: int) -> None:
        self._limits = limits
        self._kind = kind
        self._level = level

    def make(self, image: Survey, selection: Selection, folders: Sequence[bytes]) -> MadeLayer:
        """Writes a layer.

        Args:
            image: what was found in the image; it must still be the same.
            selection: what of it comes into the layer.
            folders: directories that the image only implies, in place of something else that is below.

        Raises:
            InvalidImage: if it is over the limits, or the file has changed.
            OSError: if the disk is full, or the like.
        """
        file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
        try:
            sink = Sink(file, self._kind, self._level)
            self._write(image, selection, folders, sink)
            diff_id, digest = sink.finish()
        except BaseException:
            file.close()
            raise
        return MadeLayer(
            Descriptor(layer_type(LAYER, self._kind), digest, sink.size, {}, None), diff_id, file
        )

    def _write(self, image: Survey, selection: Selection, folders: Sequence[bytes], sink: Sink) -> None:
        for folder in folders:
            sink.write(header(_folder(folder)))
        with opened(image.path, self._limits) as stream:
            archive = TarReader(Source(stream, self._limits.size))
            for entry in archive.entries():
                if parts_of(entry.name) not in ([], [MANIFEST]):
                    written = selection.written.get(below_rootfs(entry.name))
                    if written is not None:
                        # before: a hole of gigabytes would be written as zeros first
                        self._limits.check_ratio(image.stored, sink.written + entry.real_size)
                        self._write_entry(archive, entry, written, sink)
            sink.write(END)
            if stream.finish() != image.image_id:
                raise DigestMismatch("it was changed while it was read")

    def _write_entry(self, archive: TarReader, entry: Entry, written: Written, sink: Sink) -> None:
        size = entry.real_size
        if self._limits.size is not None and sink.written + size > self._limits.size:
            raise InvalidImage(
                f"it has more than {self._limits.size} bytes with {entry.shown}, which is the limit set"
            )
        accessed = {} if entry.atime is None else {b"atime": time_text(entry.atime)}
        sink.write(header(_renamed(entry, written), accessed))
        for piece in _content(archive, entry):
            sink.write(bytes(piece))
        sink.write(bytes(-size % kinds.BLOCK))


def _content(archive: TarReader, entry: Entry) -> Iterator[bytes | memoryview]:
    """The content of a file, with zeros for its holes: not every reader of layers knows sparse files."""
    if entry.extents is None:
        yield from archive.content()
        return
    at = 0
    for start, size in entry.extents:
        yield from _zeros(start - at)
        yield from archive.content(size)
        at = start + size
    yield from _zeros(entry.real_size - at)


def _zeros(size: int) -> Iterator[bytes]:
    for at in range(0, size, CHUNK):
        yield ZEROS[: size - at]


def _renamed(entry: Entry, written: Written) -> Entry:
    """The entry as it is written: relative to the root, and with no holes."""
    target = b""
    if entry.type == kinds.SYMBOLIC_LINK:
        target = entry.target
    elif written.target is not None:
        target = written.target
    return entry.replace(
        name=_name(written.name, entry.type),
        type=kinds.REGULAR if entry.type in REGULAR else entry.type,
        size=entry.real_size,
        target=target,
        extents=None,
    )


def _name(path: bytes, kind: bytes) -> bytes:
    if not path:
        return b"./"
    return path + b"/" if kind == kinds.DIRECTORY else path


def _folder(path: bytes) -> Entry:
    return Entry(
        _name(path, kinds.DIRECTORY), kinds.DIRECTORY, 0o755, 0, 0, 0, 0, None, b"", (0, 0), {}, None, 0
    )
