"""`Below`: what was there before, looked at in step with the walk through the tree of now."""

from __future__ import annotations

import os
from typing import Protocol

from tiffin.image.layers.diff.compare import equal_content
from tiffin.image.layers.diff.file_info import FileInfo
from tiffin.image.layers.diff.tree import Cursor
from tiffin.image.layers.tar.entry import NANOSECONDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Below(Protocol):
    """The state of before, at one directory."""

    def names(self) -> list[bytes]:
        """What was in the directory."""
        ...

    def find(self, name: bytes) -> FileInfo | None:
        """A file that was in the directory, `.` for itself."""
        ...

    def same_content(self, name: bytes, new: FileInfo, open_new: Callable[[], int]) -> bool:
        """Whether a regular file is unchanged of which everything else is equal. open_new: opens what is there now."""
        ...

    def enter(self, name: bytes) -> None:
        """Goes down to a directory that was there."""
        ...

    def leave(self) -> None:
        """Goes up again."""
        ...


class TreeBelow:
    """Another tree on disk."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def names(self) -> list[bytes]:
        """As the protocol says."""
        return self._cursor.names()

    def find(self, name: bytes) -> FileInfo | None:
        """As the protocol says."""
        return self._cursor.look(name)

    def same_content(self, name: bytes, new: FileInfo, open_new: Callable[[], int]) -> bool:
        """As `same_in_trees`."""
        return same_in_trees(new, lambda: self._cursor.open(name), open_new)

    def enter(self, name: bytes) -> None:
        """As the protocol says."""
        self._cursor.enter(name)

    def leave(self) -> None:
        """As the protocol says."""
        self._cursor.leave()


def same_in_trees(new: FileInfo, open_old: Callable[[], int], open_new: Callable[[], int]) -> bool:
    """Whether two files with equal times are the same, as containerd decides it.

    An equal time with a fraction of a second is proof enough. One without may have been cut off by an archive: then
    the contents are compared.
    """
    if new.mtime % NANOSECONDS:
        return True
    old_descriptor = open_old()
    try:
        new_descriptor = open_new()
        try:
            return equal_content(old_descriptor, new_descriptor)
        finally:
            os.close(new_descriptor)
    finally:
        os.close(old_descriptor)
