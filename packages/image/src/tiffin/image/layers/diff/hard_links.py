"""`HardLinks`: which changes are names of one file.

A layer must stand for itself: where one name of a file has changed, all its names in the tree go in, the first with
the content and the others as links to it, as containerd does. So no link leads to a layer below.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.layers.diff.file_info import FileInfo


class HardLinks:
    """The files with several names that the walk has seen."""

    def __init__(self) -> None:
        self._first: dict[tuple[int, int], bytes] = {}
        self._unchanged: dict[tuple[int, int], list[bytes]] = {}

    def first(self, info: FileInfo) -> bytes:
        """The name that is in the layer already, b"" if none."""
        return self._first.get(info.identity, b"") if info.links > 1 else b""

    def keep(self, path: bytes, info: FileInfo) -> None:
        """An unchanged name: it is needed if another one turns out to be new."""
        self._unchanged.setdefault(info.identity, []).append(path)

    def begin(self, path: bytes, info: FileInfo) -> list[bytes]:
        """The first name in the layer; the names that the walk has passed by, which become links to it."""
        if info.links < 2:
            return []
        self._first[info.identity] = path
        return self._unchanged.pop(info.identity, [])
