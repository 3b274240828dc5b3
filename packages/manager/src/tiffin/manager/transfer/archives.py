"""Archives on streams: into a file first, for they are not read from front to back, and out as they are made."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, cast

from tiffin.image.command.contained import opened
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports.archive_writer import ArchiveStream
from tiffin.image.transports.docker_archive_destination import DockerArchiveDestination, DockerArchiveImages
from tiffin.image.transports.oci_archive_destination import OciArchiveDestination
from tiffin.image.transports.opening import TRANSPORTS
from tiffin.image.transports.store_source import StoreSource
from tiffin.manager.streaming.blocking import ByteReader, ByteWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from tiffin.image.command.contained import ContainedImage
    from tiffin.image.documents import Platform
    from tiffin.image.store.store import Store
    from tiffin.image.transfer.events import Report
    from tiffin.image.transfer.protocol import ImageDestination
    from tiffin.image.transports.archive_writer import ArchiveWriter
    from tiffin.manager.streaming.stream import Stream

BLOCK = 1 << 20


@contextmanager
def received(stream: Stream) -> Iterator[list[ContainedImage]]:
    """The images of the archive that a client sends. Raises InvalidImage, OSError."""
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())  # without a name: no kill leaves it behind
        reader = ByteReader(stream)
        while block := reader.read(BLOCK):
            file.write(block)
        file.flush()
        yield opened(f"/proc/self/fd/{file.fileno()}", stack).images()


def send(
    stream: Stream, store: Store, names: Sequence[str], platform: Platform | None, report: Report
) -> None:
    """Sends an archive of images to a client: an OCI layout for one, what `docker save` writes for several.

    It is no file at any time: what its layers become is held in nameless ones.

    Raises:
        NotFound: no such image. Unavailable: the client has gone. ImageFailure, OSError
    """
    with ArchiveStream(cast("BinaryIO", _Blocks(ByteWriter(stream)))) as writer:
        form, places = _places(writer, names)
        demands = TRANSPORTS[form].demands
        options = demands.applied(CopyOptions(platform=platform, preserve=not demands.single), form)
        for name, place in zip(names, places, strict=True):
            copy_image(StoreSource(store, name), place, options, report)


def _places(writer: ArchiveWriter, names: Sequence[str]) -> tuple[str, Sequence[ImageDestination]]:
    """The format, and the place of each image."""
    if len(names) == 1:
        return "oci-archive", [OciArchiveDestination(writer, name, name) for name in names]
    images = DockerArchiveImages(writer, len(names))
    return "docker-archive", [DockerArchiveDestination(images, [name], name) for name in names]


class _Blocks:
    """Makes of many small writes a few: each waits for the client."""

    def __init__(self, writer: ByteWriter) -> None:
        self._writer = writer
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        if len(self._held) >= BLOCK:
            self.flush()
        return len(data)

    def flush(self) -> None:
        held, self._held = bytes(self._held), bytearray()
        self._writer.write(held)
