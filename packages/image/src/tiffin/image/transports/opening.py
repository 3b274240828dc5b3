"""Opening a place by its name, to copy from it or to it: the table of transports."""

from __future__ import annotations

import os
from typing import NamedTuple

from tiffin.image.errors import InvalidReference, NotFound
from tiffin.image.transfer.options import Demands
from tiffin.image.transports.archive import Archive
from tiffin.image.transports.folder import Folder
from tiffin.image.transports.names import parse_name, split_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from tiffin.image.transfer.protocol import ImageDestination, ImageSource

    OpenSource = Callable[[str, str, ExitStack], ImageSource]
    OpenDestination = Callable[[str, str, ExitStack], ImageDestination]


class Transport(NamedTuple):
    """A kind of place. read, write: open one, from what follows the colon and the whole name."""

    read: OpenSource
    write: OpenDestination
    demands: Demands = Demands()


def open_source(text: str, stack: ExitStack, transports: dict[str, Transport] | None = None) -> ImageSource:
    """A place to copy from; `stack` keeps it open. `transports`: others than `TRANSPORTS`, by name.

    Raises:
        InvalidReference, NotFound, InvalidImage: if there is no such place, or it is broken.
    """
    table = TRANSPORTS if transports is None else transports
    name = parse_name(text, tuple(table))
    transport = name.transport or _kind_of(split_path(name.rest)[0], stack)
    return table[transport].read(name.rest, text, stack)


def open_destination(
    text: str, stack: ExitStack, transports: dict[str, Transport] | None = None
) -> tuple[ImageDestination, Demands]:
    """A place to copy to, and what it demands. Nothing is written before the first blob comes.

    Raises:
        InvalidReference: if the name has no transport.
        FailedPrecondition: if something else is there.
    """
    table = TRANSPORTS if transports is None else transports
    name = parse_name(text, tuple(table))
    if not name.transport:
        raise InvalidReference(f"{text!r}: say as what it is written, such as oci:{text}")
    transport = table[name.transport]
    return transport.write(name.rest, text, stack), transport.demands


def _kind_of(path: str, stack: ExitStack) -> str:
    if os.path.isdir(path):
        return "oci" if os.path.exists(os.path.join(path, "oci-layout")) else "dir"
    return "oci-archive" if stack.enter_context(Archive(path)).has("oci-layout") else "docker-archive"


def _existing(text: str, name: str) -> tuple[str, str]:
    path, tag = split_path(text)
    if not os.path.exists(path):
        raise NotFound(f"{name!r}: there is nothing at {path!r}")
    return path, tag


def _read_layout(rest: str, name: str, _stack: ExitStack) -> ImageSource:
    from tiffin.image.transports.layout_source import LayoutSource

    path, tag = _existing(rest, name)
    return LayoutSource(Folder(path), tag, name)


def _read_layout_archive(rest: str, name: str, stack: ExitStack) -> ImageSource:
    from tiffin.image.transports.layout_source import LayoutSource

    path, tag = _existing(rest, name)
    return LayoutSource(stack.enter_context(Archive(path)), tag, name)


def _read_docker_archive(rest: str, name: str, stack: ExitStack) -> ImageSource:
    from tiffin.image.transports.docker_archive_source import DockerArchiveSource

    path, tag = _existing(rest, name)
    return DockerArchiveSource(stack.enter_context(Archive(path)), tag, name)


def _read_dir(rest: str, name: str, _stack: ExitStack) -> ImageSource:
    from tiffin.image.transports.dir_source import DirSource

    if not os.path.isdir(rest):
        raise NotFound(f"{name!r}: there is no folder {rest!r}")
    return DirSource(Folder(rest), name)


def _new_tag(rest: str, name: str) -> tuple[str, str]:
    path, tag = split_path(rest)
    if tag.startswith("@"):
        raise InvalidReference(f"{name!r}: what is written gets its own digest; give it a tag")
    return path, tag


def _write_layout(rest: str, name: str, _stack: ExitStack) -> ImageDestination:
    from tiffin.image.transports.layout_destination import LayoutDestination

    path, tag = _new_tag(rest, name)
    if os.path.exists(path) and not os.path.isdir(path):
        raise InvalidReference(f"{name!r}: {path!r} is no folder; for an archive write oci-archive:")
    return LayoutDestination(path, tag, name)


def _write_layout_archive(rest: str, name: str, stack: ExitStack) -> ImageDestination:
    from tiffin.image.transports.archive_writer import ArchiveWriter
    from tiffin.image.transports.oci_archive_destination import OciArchiveDestination

    path, tag = _new_tag(rest, name)
    return OciArchiveDestination(stack.enter_context(ArchiveWriter(path)), tag, name)


def _write_docker_archive(rest: str, name: str, stack: ExitStack) -> ImageDestination:
    from tiffin.image.transports.archive_writer import ArchiveWriter
    from tiffin.image.transports.docker_archive_destination import (
        DockerArchiveDestination,
        DockerArchiveImages,
    )

    path, tag = _new_tag(rest, name)
    images = DockerArchiveImages(stack.enter_context(ArchiveWriter(path)))
    return DockerArchiveDestination(images, [full_name(tag)] if tag else [], name)


def full_name(tag: str) -> str:
    """NAME:TAG as archives have it: with the domain, and `latest` if there is no tag. Raises InvalidReference."""
    from tiffin.spec.reference import InvalidReference as Invalid
    from tiffin.spec.reference import Reference

    try:
        return str(Reference.parse(tag).with_default_tag())
    except Invalid as error:
        raise InvalidReference(str(error)) from error


def _write_dir(rest: str, name: str, _stack: ExitStack) -> ImageDestination:
    from tiffin.image.transports.dir_destination import DirDestination

    return DirDestination(rest, name)


TRANSPORTS = {
    "oci": Transport(_read_layout, _write_layout, Demands(format="oci")),
    "oci-archive": Transport(_read_layout_archive, _write_layout_archive, Demands(format="oci")),
    "docker-archive": Transport(
        _read_docker_archive,
        _write_docker_archive,
        Demands(single=True, format="v2s2", compression="none"),
    ),
    "dir": Transport(_read_dir, _write_dir),
}
