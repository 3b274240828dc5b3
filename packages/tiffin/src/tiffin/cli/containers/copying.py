"""`tiffin cp`: files out of a container that runs, or into it; as a tar archive where one of both is `-`.

What is in the container is not to be trusted, and may change meanwhile: see `copy_tree`.
"""

from __future__ import annotations

import os
import sys

from tiffin.cli.containers.copy_owners import id_maps, root_of
from tiffin.cli.containers.copy_tree import Copying, Place
from tiffin.cli.containers.kernel_mounts import kernel_devices
from tiffin.cli.containers.opening import open_containers
from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments

STREAM = "-"


def main(arguments: Arguments) -> int:
    """Copies, as `docker cp` has it. Raises CommandFailed, OSError, UsageError."""
    source, target = arguments.words
    inside = [text for text in (source, target) if _split(text)[0]]
    if len(inside) != 1:
        raise UsageError("exactly one of both is in a container: NAME:PATH")
    if STREAM in (source, target):
        _check_stream(0 if source == STREAM else 1)
    archive = arguments.switch("archive")
    name = _split(inside[0])[0]
    with open_containers(arguments, beside=name) as containers:
        pid = containers.pid(name)
        if source == STREAM:
            _extract(target, pid, archive=archive)
        elif target == STREAM:
            _pack(source, pid)
        else:
            owner = None if archive else root_of(pid if inside[0] == target else 0)
            with _place(source, pid) as origin, _place(target, pid) as destination:
                Copying(origin, destination, owner).copy()
    return 0


def _check_stream(number: int) -> None:
    if os.isatty(number):
        raise UsageError(
            "- is a tar archive on a standard stream, which is a terminal here: use a pipe or a file"
        )


def _extract(target: str, pid: int, *, archive: bool) -> None:
    from tiffin.cli.containers.archive_in import ArchiveExtraction

    with _place(target, pid) as folder:
        ArchiveExtraction(folder, id_maps(pid), archive=archive).extract(sys.stdin.buffer)


def _pack(source: str, pid: int) -> None:
    from tiffin.cli.containers.archive_out import TreeArchive

    with _place(source, pid) as place:
        for piece in TreeArchive(place, id_maps(pid)).pieces():
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def _place(text: str, pid: int) -> Place:
    name, path = _split(text)
    if name:
        return Place(f"/proc/{pid}/root", path, text, kernel_devices(pid))
    return Place("/", os.path.abspath(path) + ("/" if path.endswith("/") else _dot(path)), text)


def _dot(path: str) -> str:
    return "/." if path.endswith("/.") else ""


def _split(text: str) -> tuple[str, str]:
    """Name and path of `NAME:PATH`; what begins with a dot or a slash is a path of this machine."""
    name, colon, path = text.partition(":")
    return (name, path) if colon and name and name[0] not in "./" else ("", text)
