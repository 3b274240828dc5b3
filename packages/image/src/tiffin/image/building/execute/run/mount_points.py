"""`MountPoints`: what mounts of a RUN need to be there, made before and taken away after, so that no layer has it."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.root import MOST_LINKS, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Self

FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class MountPoints:
    """Use it in a `with` statement around the container.

    Args:
        rootfs: the mounted root. mounts: those of the runtime config, in their order.
    """

    def __init__(self, rootfs: str, mounts: Sequence[dict[str, Any]]) -> None:
        self._mounts = mounts
        self._root = Root(rootfs)
        self._made: list[tuple[str, bool]] = []  # path, and whether it is a directory; above before below

    def __enter__(self) -> Self:
        covered: list[str] = []
        for mount in self._mounts:
            target = mount["destination"].strip("/")
            if not target.startswith(tuple(f"{path}/" for path in covered)):
                source = mount["source"] if mount["type"] == "bind" else ""
                self._make(target, is_directory=not source or os.path.isdir(source))
            covered.append(target)
        return self

    def __exit__(self, *_: object) -> None:
        """Takes away what was made, and is still as it was: what the command has put there stays."""
        self._root.forget()
        for path, is_directory in reversed(self._made):
            # InvalidImage: what it was made in is no directory any more
            with suppress(FileNotFoundError, InvalidImage), self._unchanged(path) as (parent, name):
                if is_directory:
                    with suppress(OSError):  # not empty, or something else by now
                        os.rmdir(name, dir_fd=parent)
                elif _is_empty(name, parent):
                    os.unlink(name, dir_fd=parent)
        self._root.close()

    def _make(self, target: str, *, is_directory: bool) -> None:
        parts = self._followed(target).split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            wants_directory = is_directory or depth < len(parts)
            with self._unchanged(path) as (parent, name), suppress(FileExistsError):
                if wants_directory:
                    os.mkdir(name, 0o755, dir_fd=parent)
                else:
                    os.close(os.open(name, FILE, 0o644, dir_fd=parent))
                self._made.append((path, wants_directory))

    def _followed(self, target: str) -> str:
        """Where a path leads if its last part is a link, perhaps to nothing."""
        for _ in range(MOST_LINKS):
            above, _slash, name = target.rpartition("/")
            try:
                link = os.readlink(name, dir_fd=self._root.directory(os.fsencode(above)))
            except OSError:  # missing, or no link
                return target
            start = "" if link.startswith("/") else above
            target = os.path.normpath(f"/{start}/{link}").strip("/")
        return target

    @contextmanager
    def _unchanged(self, path: str) -> Iterator[tuple[int, str]]:
        """The folder of a path, whose times are afterwards as before, and the last name."""
        above, _, name = path.rpartition("/")
        parent = os.dup(self._root.directory(os.fsencode(above)))
        try:
            before = os.fstat(parent)
            yield parent, name
            if os.fstat(parent).st_mtime_ns != before.st_mtime_ns:
                os.utime(parent, ns=(before.st_atime_ns, before.st_mtime_ns))
        finally:
            os.close(parent)


def _is_empty(name: str, parent: int) -> bool:
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    return stat.S_ISREG(status.st_mode) and status.st_size == 0
