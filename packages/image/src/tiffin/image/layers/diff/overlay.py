"""The lower folders of an overlay, and what overlayfs's marks in the upper one say.

Source: the kernel's Documentation/filesystems/overlayfs.rst.
"""

from __future__ import annotations

import stat

from tiffin.image.errors import Unsupported
from tiffin.image.layers.diff.below import same_in_trees
from tiffin.image.layers.diff.file_info import FileInfo
from tiffin.image.layers.diff.tree import Cursor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# what makes the upper folder alone say too little, and the mount option that is at fault
REFUSED = {
    "redirect": "a renamed directory (mount with redirect_dir=off)",
    "metacopy": "a file without its content (mount with metacopy=off)",
    "nlink": "a hard link of which other names lie below (mount with index=off)",
}


def is_whiteout(info: FileInfo) -> bool:
    """Whether this hides a file: a device 0:0, or an empty file with the mark `whiteout` (Linux 6.7)."""
    if stat.S_ISCHR(info.mode):
        return info.device == 0
    return "whiteout" in info.marks and info.is_regular and info.size == 0


def is_opaque(info: FileInfo) -> bool:
    """Whether a directory hides all that is in those below; `x` only says that it may have whiteouts in files."""
    return info.marks.get("opaque") == b"y"


def refuse(info: FileInfo, path: bytes) -> None:
    """Raises Unsupported for what cannot be told from the upper folder."""
    for mark, what in REFUSED.items():
        if mark in info.marks:
            raise Unsupported(
                f"{path.decode('utf-8', 'surrogateescape')!r} is {what}: compare the mounted trees instead"
            )


class OverlayBelow:
    """The lower folders, the nearest first, as the kernel merges them; with none of them there was nothing before."""

    def __init__(self, cursors: Sequence[Cursor]) -> None:
        self._merged = [
            tuple(cursors)
        ]  # from the root down: those that have the directory, and are not hidden

    def names(self) -> list[bytes]:
        """None: what the upper folder does not have is as it was."""
        return []

    def find(self, name: bytes) -> FileInfo | None:
        """What the mounted lower folders would show."""
        return self._find(name)[0]

    def same_content(self, name: bytes, new: FileInfo, open_new: Callable[[], int]) -> bool:
        """As `same_in_trees`."""
        return same_in_trees(new, lambda: self._find(name)[1][0].open(name), open_new)

    def enter(self, name: bytes) -> None:
        """As the protocol says."""
        cursors = self._find(name)[1]
        for cursor in cursors:
            cursor.enter(name)
        self._merged.append(cursors)

    def leave(self) -> None:
        """As the protocol says."""
        for cursor in self._merged.pop():
            cursor.leave()

    def _find(self, name: bytes) -> tuple[FileInfo | None, tuple[Cursor, ...]]:
        """The file, and the folders that it is merged from."""
        first: FileInfo | None = None
        cursors: list[Cursor] = []
        for cursor in self._merged[-1]:
            info = cursor.look(name)
            if info is None:
                continue
            refuse(info, name)
            if is_whiteout(info) or (first is not None and not info.is_directory):
                break
            first = first or info
            cursors.append(cursor)
            if not info.is_directory or (is_opaque(info) and name != b"."):
                break
        return first, tuple(cursors)
