"""Opening a place by its name, to copy from it or to it: the table of transports."""

from __future__ import annotations

import os
from typing import NamedTuple

from tiffin.image.errors import InvalidReference, NotFound
from tiffin.image.transfer.options import Demands
from tiffin.image.transports.access import Access
from tiffin.image.transports.archive import Archive
from tiffin.image.transports.folder import Folder
from tiffin.image.transports.names import TransportName, full_name, parse_name, split_path
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from tiffin.image.transfer.protocol import ImageDestination, ImageSource

    OpenSource = Callable[[TransportName, "Opening"], ImageSource]
    OpenDestination = Callable[[TransportName, "Opening"], ImageDestination]


class Opening(Record):
    """stack: keeps what is opened open. access: how it is reached."""

    stack: ExitStack
    access: Access


class Transport(NamedTuple):
    """A kind of place. read, write: open one by its name."""

    read: OpenSource
    write: OpenDestination
    demands: Demands = Demands()


def open_source(text: str, stack: ExitStack, access: Access | None = None) -> ImageSource:
    """A place to copy from.

    Args:
        text: its name, see `names`. stack: keeps it open. access: how it is reached, if not as is usual.

    Raises:
        InvalidReference, NotFound, InvalidImage: if there is no such place, or it is broken.
    """
    name = parse_name(text, tuple(TRANSPORTS))
    transport = name.transport or _kind_of(split_path(name.rest)[0], stack)
    return TRANSPORTS[transport].read(name, Opening(stack, access or Access()))


def open_destination(
    text: str, stack: ExitStack, access: Access | None = None
) -> tuple[ImageDestination, Demands]:
    """A place to copy to, and what it demands. Nothing is written before the first blob comes.

    Args:
        text, stack, access: as for `open_source`.

    Raises:
        InvalidReference: if the name has no transport.
        FailedPrecondition: if something else is there.
    """
    name = parse_name(text, tuple(TRANSPORTS))
    if not name.transport:
        raise InvalidReference(f"{text!r}: say as what it is written, such as oci:{text}")
    transport = TRANSPORTS[name.transport]
    return transport.write(name, Opening(stack, access or Access())), transport.demands


def _kind_of(path: str, stack: ExitStack) -> str:
    if os.path.isdir(path):
        return "oci" if os.path.exists(os.path.join(path, "oci-layout")) else "dir"
    return "oci-archive" if stack.enter_context(Archive(path)).has("oci-layout") else "docker-archive"


def _existing(name: TransportName) -> tuple[str, str]:
    path, tag = split_path(name.rest)
    if not os.path.exists(path):
        raise NotFound(f"{name.text!r}: there is nothing at {path!r}")
    return path, tag


def _read_layout(name: TransportName, _opening: Opening) -> ImageSource:
    from tiffin.image.transports.layout_source import LayoutSource

    path, tag = _existing(name)
    return LayoutSource(Folder(path), tag, name.text)


def _read_layout_archive(name: TransportName, opening: Opening) -> ImageSource:
    from tiffin.image.transports.layout_source import LayoutSource

    path, tag = _existing(name)
    return LayoutSource(opening.stack.enter_context(Archive(path)), tag, name.text)


def _read_docker_archive(name: TransportName, opening: Opening) -> ImageSource:
    from tiffin.image.transports.docker_archive_source import DockerArchiveSource

    path, tag = _existing(name)
    return DockerArchiveSource(opening.stack.enter_context(Archive(path)), tag, name.text)


def _read_dir(name: TransportName, _opening: Opening) -> ImageSource:
    from tiffin.image.transports.dir_source import DirSource

    if not os.path.isdir(name.rest):
        raise NotFound(f"{name.text!r}: there is no folder {name.rest!r}")
    return DirSource(Folder(name.rest), name.text)


def _new_tag(name: TransportName) -> tuple[str, str]:
    path, tag = split_path(name.rest)
    if tag.startswith("@"):
        raise InvalidReference(f"{name.text!r}: what is written gets its own digest; give it a tag")
    return path, tag


def _new_archive(name: TransportName) -> tuple[str, str]:
    path, tag = _new_tag(name)
    if os.path.isdir(path):
        raise InvalidReference(f"{name.text!r}: {path!r} is a folder; for a layout write oci:")
    return path, tag


def _write_layout(name: TransportName, _opening: Opening) -> ImageDestination:
    from tiffin.image.transports.layout_destination import LayoutDestination

    path, tag = _new_tag(name)
    if os.path.exists(path) and not os.path.isdir(path):
        raise InvalidReference(f"{name.text!r}: {path!r} is no folder; for an archive write oci-archive:")
    return LayoutDestination(path, tag, name.text)


def _write_layout_archive(name: TransportName, opening: Opening) -> ImageDestination:
    from tiffin.image.transports.archive_writer import ArchiveWriter
    from tiffin.image.transports.oci_archive_destination import OciArchiveDestination

    path, tag = _new_archive(name)
    return OciArchiveDestination(opening.stack.enter_context(ArchiveWriter(path)), tag, name.text)


def _write_docker_archive(name: TransportName, opening: Opening) -> ImageDestination:
    from tiffin.image.transports.archive_writer import ArchiveWriter
    from tiffin.image.transports.docker_archive_destination import (
        DockerArchiveDestination,
        DockerArchiveImages,
    )

    path, tag = _new_archive(name)
    images = DockerArchiveImages(opening.stack.enter_context(ArchiveWriter(path)))
    return DockerArchiveDestination(images, [full_name(tag)] if tag else [], name.text)


def _write_dir(name: TransportName, _opening: Opening) -> ImageDestination:
    from tiffin.image.transports.dir_destination import DirDestination

    return DirDestination(name.rest, name.text)


def _read_registry(name: TransportName, opening: Opening) -> ImageSource:
    from tiffin.image.transports.registry import open_registry_source

    return open_registry_source(name, opening.access.registry)


def _write_registry(name: TransportName, opening: Opening) -> ImageDestination:
    from tiffin.image.transports.registry import open_registry_destination

    return open_registry_destination(name, opening.access.registry)


def _read_store(name: TransportName, opening: Opening) -> ImageSource:
    from tiffin.image.transports.store_source import StoreSource

    return StoreSource(opening.access.open_store(), name.rest, name.text)


def _write_store(name: TransportName, opening: Opening) -> ImageDestination:
    from tiffin.image.transports.store_destination import StoreDestination

    store = opening.stack.enter_context(opening.access.open_store().leased())
    return StoreDestination(store, full_name(name.rest), name.text)


TRANSPORTS = {
    "oci": Transport(_read_layout, _write_layout, Demands(format="oci")),
    "oci-archive": Transport(_read_layout_archive, _write_layout_archive, Demands(format="oci")),
    "docker-archive": Transport(
        _read_docker_archive,
        _write_docker_archive,
        Demands(single=True, format="v2s2", compression="none"),
    ),
    "dir": Transport(_read_dir, _write_dir),
    "tiffin": Transport(_read_store, _write_store),
    "docker": Transport(_read_registry, _write_registry, Demands(plain_becomes="gzip")),
}
