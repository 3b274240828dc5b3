"""`Below`: what overlayfs shows of the layers below the one that is being written.

Source: the kernel's Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from errno import ELOOP, ENODATA, ENOTDIR, ENOTSUP
from itertools import chain

from tiffin.runtime.record import Record

from .root import DIRECTORY, MOST_LINKS, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import Protocol
else:
    Protocol = object


class Parents(Protocol):
    """The roots of layers, the nearest first: a tuple of them, or what waits for each when it is asked for."""

    def __len__(self) -> int:
        """How many there are."""

    def __iter__(self) -> Iterator[Root]:
        """One after the other; the next one is asked for only where those before do not say enough."""


class Found(Record):
    """A file: the open directory that it is in (closed by who gave it), its name there, and what it is."""

    directory: int
    base: bytes
    status: os.stat_result


class Below:
    """The layers below.

    Args:
        root: the layer that is being written; what it hides is not shown.
        parents: those below.
        opaque: the extended attribute of directories that hide all below them.
    """

    def __init__(self, root: Root, parents: Parents, opaque: str) -> None:
        self._root = root
        self._parents = parents
        self._opaque = opaque

    def __bool__(self) -> bool:
        """Whether there are any."""
        return len(self._parents) > 0

    @contextmanager
    def find(self, directory: int, base: bytes = b"") -> Iterator[Found | None]:
        """What is shown in the place of an open directory of the layer, or of a name in it; None if nothing is."""
        if not self:  # also where the path is longer than the kernel can say
            yield None
            return
        path = self._root.path_of(directory, base)
        if self.hides(path):
            yield None
            return
        with self.find_whatever_hides(path) as found:
            yield found

    def find_whatever_hides(self, path: bytes) -> AbstractContextManager[Found | None]:
        """As `find`, but of a path without links, and the layer itself hides nothing."""
        *above, name = path.split(b"/")
        return self._found(self._parents, above, name)

    def hides(self, path: bytes) -> bool:
        """Whether the layer has a directory on the way to a path that hides all below it."""
        directory, shown = self._descend(self._root, path.split(b"/")[:-1])
        if directory is not None:
            os.close(directory)
        return not shown

    @contextmanager
    def _found(self, layers: Iterable[Root], above: list[bytes], base: bytes) -> Iterator[Found | None]:
        found = self._find(layers, above, base)
        try:
            yield found
        finally:
            if found is not None:
                os.close(found.directory)

    def _find(self, layers: Iterable[Root], above: list[bytes], base: bytes) -> Found | None:
        for layer in layers:
            directory, shown = self._descend(layer, above)
            if directory is not None:
                status = _status(directory, base)
                if status is not None and not is_whiteout(status):
                    return Found(directory, base or b".", status)
                os.close(directory)
                if status is not None:
                    return None
            if not shown:
                return None
        return None

    def has_directory(self, path: bytes) -> bool:
        """Whether a path leads to a directory, in all layers as one tree; links are followed."""
        walked: list[bytes] = []
        left = path.split(b"/")[::-1]
        links = 0
        while left:
            part = left.pop()
            if part == b"..":
                del walked[-1:]
            elif part not in (b"", b"."):
                with self._found(chain((self._root,), self._parents), walked, part) as found:
                    if found is None:
                        return False
                    if stat.S_ISLNK(found.status.st_mode) and links < MOST_LINKS:
                        links += 1
                        _follow(walked, left, os.readlink(part, dir_fd=found.directory))
                    elif stat.S_ISDIR(found.status.st_mode):
                        walked.append(part)
                    else:
                        return False
        return True

    def _descend(self, root: Root, parts: Sequence[bytes]) -> tuple[int | None, bool]:
        """A directory of one layer, if it is there, and whether the layers below that one show through."""
        descriptor = os.dup(root.descriptor)
        shown = True
        for part in parts:
            above = descriptor
            try:
                descriptor = os.open(part, DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
            except FileNotFoundError:
                return None, shown
            except OSError as error:
                if error.errno not in (ENOTDIR, ELOOP):
                    raise
                return None, False
            finally:
                os.close(above)
            shown = shown and not self._is_opaque(descriptor)
        return descriptor, shown

    def _is_opaque(self, descriptor: int) -> bool:
        try:
            return os.getxattr(descriptor, self._opaque) == b"y"
        except OSError as error:
            if error.errno not in (ENODATA, ENOTSUP):
                raise
            return False

    def names(self) -> set[bytes]:
        """All names in the roots of the layers below: of a root, overlayfs does not ask whether it is opaque."""
        return {os.fsencode(name) for parent in self._parents for name in os.listdir(parent.descriptor)}


def _status(directory: int, base: bytes) -> os.stat_result | None:
    try:
        return os.stat(base or b".", dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _follow(walked: list[bytes], left: list[bytes], target: bytes) -> None:
    """Goes on with the target of a link; an absolute one starts at the root again."""
    if target.startswith(b"/"):
        walked.clear()
    left.extend(target.split(b"/")[::-1])


def is_whiteout(status: os.stat_result) -> bool:
    """Whether this is overlayfs's own whiteout."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0
