"""The destinations of `tiffin-image save`: files by their format, for one image or several."""

from __future__ import annotations

import sys

from tiffin.image.transports.opening import TRANSPORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    from tiffin.image.transfer.options import Demands
    from tiffin.image.transfer.protocol import ImageDestination
    from tiffin.image.transports.archive_writer import ArchiveWriter


def destinations(
    form: str, path: str, names: Sequence[str], stack: ExitStack
) -> tuple[list[ImageDestination], Demands]:
    """A destination for each image, in the order in which they are to be copied, and what they demand.

    Args:
        form: `docker-archive`, `oci-archive`, `oci` or `dir`; all but the first take one image.
        path: the file or folder; "" for stdout, if it is a file. names: of the images. stack: keeps it open.

    Raises:
        FailedPrecondition: something else is there.
    """
    return DESTINATIONS[form](path, names, stack), TRANSPORTS[form].demands


def _docker_archive(path: str, names: Sequence[str], stack: ExitStack) -> list[ImageDestination]:
    from tiffin.image.transports.docker_archive_destination import (
        DockerArchiveDestination,
        DockerArchiveImages,
    )

    images = DockerArchiveImages(stack.enter_context(_writer(path)), len(names))
    return [DockerArchiveDestination(images, [name], name) for name in names]


def _oci_archive(path: str, names: Sequence[str], stack: ExitStack) -> list[ImageDestination]:
    from tiffin.image.transports.oci_archive_destination import OciArchiveDestination

    return [OciArchiveDestination(stack.enter_context(_writer(path)), name, path) for name in names]


def _writer(path: str) -> ArchiveWriter:
    from tiffin.image.transports.archive_writer import ArchiveStream, ArchiveWriter

    return ArchiveWriter(path) if path else ArchiveStream(sys.stdout.buffer)


def _oci(path: str, names: Sequence[str], _stack: ExitStack) -> list[ImageDestination]:
    from tiffin.image.transports.layout_destination import LayoutDestination

    return [LayoutDestination(path, name, path) for name in names]


def _dir(path: str, names: Sequence[str], _stack: ExitStack) -> list[ImageDestination]:
    from tiffin.image.transports.dir_destination import DirDestination

    return [DirDestination(path, path) for _ in names]


DESTINATIONS = {"docker-archive": _docker_archive, "oci-archive": _oci_archive, "oci": _oci, "dir": _dir}
