"""Where images come from: one module for each transport, and `open_image`, which finds the right one."""

from __future__ import annotations

import os

from tiffin.image.image import Image
from tiffin.image.platforms import host_platform
from tiffin.image.reference import parse
from tiffin.image.transports.folder import Folder
from tiffin.image.transports.layout import read_layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import ExitStack

    from tiffin.image.documents import Platform


def open_image(text: str, stack: ExitStack, platform: Platform | None = None) -> Image:
    """Finds an image on disk; its manifest and config are verified, its layers are not yet read.

    Args:
        text: as `tiffin.image.reference` describes it.
        stack: keeps what the layers are read from open.
        platform: what it must run on; this machine by default.

    Raises:
        NotFound: if there is no such image, or none for the platform.
        InvalidImage: if what is there breaks the specification.
        InvalidReference: if the name cannot be read, or names several images.
    """
    reference = parse(text)
    wanted = platform or host_platform()
    if os.path.isdir(reference.path):
        return read_layout(Folder(reference.path), reference.tag, wanted, text)
    from tiffin.image.transports.archive import Archive
    from tiffin.image.transports.docker_archive import read_docker_archive

    archive = stack.enter_context(Archive(reference.path))
    if reference.transport != "docker-archive" and archive.has("oci-layout"):
        return read_layout(archive, reference.tag, wanted, text)
    return read_docker_archive(archive, reference.tag, wanted, text)
