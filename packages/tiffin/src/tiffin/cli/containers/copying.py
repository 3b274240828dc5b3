"""`tiffin cp`: files out of a container that runs, or into it.

What is in the container is not to be trusted, and may change meanwhile: see `copy_tree`.
"""

from __future__ import annotations

import os

from tiffin.cli.containers.copy_tree import Copying, Place
from tiffin.cli.containers.opening import open_containers
from tiffin.cli.parse import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


def main(arguments: Arguments) -> int:
    """Copies, as `docker cp` has it. Raises CommandFailed, OSError, UsageError."""
    source, target = arguments.words
    if "-" in (source, target):
        raise UsageError(
            "- would be an archive on a standard stream, which is not here: `tiffin exec NAME tar ...`"
        )
    inside = [text for text in (source, target) if _split(text)[0]]
    if len(inside) != 1:
        raise UsageError("exactly one of both is in a container: NAME:PATH")
    with open_containers(arguments) as containers:
        pid = containers.pid(_split(inside[0])[0])
        owner = None if arguments.switch("archive") else _root_of(pid if inside[0] == target else 0)
        with _place(source, pid) as origin, _place(target, pid) as destination:
            Copying(origin, destination, owner).copy()
    return 0


def _place(text: str, pid: int) -> Place:
    name, path = _split(text)
    if name:
        return Place(f"/proc/{pid}/root", path, text)
    return Place("/", os.path.abspath(path) + ("/" if path.endswith("/") else _dot(path)), text)


def _root_of(pid: int) -> tuple[int, int]:
    """Our own ids; of a process: what its user namespace has as root."""
    if not pid:
        return os.geteuid(), os.getegid()
    return _first_id(f"/proc/{pid}/uid_map"), _first_id(f"/proc/{pid}/gid_map")


def _first_id(path: str) -> int:
    with open(path) as file:
        rows = [[int(word) for word in line.split()] for line in file]
    return next((outside for inside, outside, _ in rows if inside == 0), 0)


def _dot(path: str) -> str:
    return "/." if path.endswith("/.") else ""


def _split(text: str) -> tuple[str, str]:
    """Name and path of `NAME:PATH`; what begins with a dot or a slash is a path of this machine."""
    name, colon, path = text.partition(":")
    return (name, path) if colon and name and name[0] not in "./" else ("", text)
