"""Archives on streams: into a file first, for they are not read from front to back, and out of one that is finished."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from tiffin.image.command.contained import opened
from tiffin.image.command.saving import destinations
from tiffin.image.transfer.copy import copy_image
from tiffin.image.transfer.options import CopyOptions
from tiffin.image.transports.store_source import StoreSource
from tiffin.manager.streaming.blocking import ByteReader, ByteWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tiffin.image.command.contained import ContainedImage
    from tiffin.image.documents import Platform
    from tiffin.image.store.store import Store
    from tiffin.image.transfer.events import Report
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

    Raises:
        NotFound: no such image. Unavailable: the client has gone. ImageFailure, OSError
    """
    form = "oci-archive" if len(names) == 1 else "docker-archive"
    with tempfile.TemporaryDirectory(prefix="tiffin-export-") as folder:
        path = os.path.join(folder, "archive")
        with ExitStack() as stack:
            places, demands = destinations(form, path, names, stack)
            options = demands.applied(CopyOptions(platform=platform, preserve=not demands.single), path)
            for name, place in zip(names, places, strict=True):
                copy_image(StoreSource(store, name), place, options, report)
        with open(path, "rb") as file:
            shutil.copyfileobj(file, ByteWriter(stream), BLOCK)
