"""`TreeArchive`: a file or a tree of a container as a tar archive, as `docker cp NAME:PATH -` writes it.

The container may change while it is read: every step below the given path is a name in an open folder, never followed;
what goes meanwhile is left out. Sockets are left out, as no archive can have them.
"""

from __future__ import annotations

import os
import stat

from tiffin.cli.containers.copy_put import Opened
from tiffin.cli.failure import CommandFailed
from tiffin.image.layers.diff.file_info import look
from tiffin.image.layers.diff.hard_links import HardLinks
from tiffin.image.layers.diff.header import header
from tiffin.image.layers.diff.tree import open_file
from tiffin.image.layers.diff.write import END, entry_of, regular_pieces
from tiffin.image.layers.root import DIRECTORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.cli.containers.copy_tree import Place
    from tiffin.image.layers.diff.file_info import FileInfo
    from tiffin.image.layers.owners import IdMaps


class TreeArchive:
    """One archive. ids: how ids in the container became ours; None where they are the same."""

    def __init__(self, source: Place, ids: IdMaps | None) -> None:
        self._source = source
        self._ids = ids
        self._links = HardLinks()

    def pieces(self) -> Iterator[bytes]:
        """Its bytes. Raises CommandFailed: there is nothing at the path; FailedPrecondition, OSError."""
        source = self._source
        above, _, name = source.path.rpartition(b"/")
        if source.wants_folder or not name:
            top = b"." if source.content_only or not name else name
            with Opened(source.existing(source.path)) as folder:
                yield from self._folder(folder, top)
        else:
            with Opened(source.existing(above)) as folder:
                info = look(folder, name)
                if info is None:
                    raise CommandFailed(f"there is no {source.shown}")
                yield from self._entry(folder, name, name, info)
        yield END

    def _folder(self, folder: int, path: bytes, *, empty: bool = False) -> Iterator[bytes]:
        own = look(folder, b".")
        if own is None:  # removed while it is open
            return
        yield header(entry_of(path, own, self._owner(own)))
        for entry in [] if empty else sorted(map(os.fsencode, os.listdir(folder))):
            info = look(folder, entry)
            if info is not None:
                yield from self._entry(folder, entry, b"%s/%s" % (path, entry), info)

    def _entry(self, folder: int, name: bytes, path: bytes, info: FileInfo) -> Iterator[bytes]:
        if info.is_directory:
            try:
                inner = os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            except (FileNotFoundError, NotADirectoryError):
                return
            with Opened(inner):
                yield from self._folder(inner, path, empty=info.identity[0] in self._source.left_out)
        elif not stat.S_ISSOCK(info.mode):
            first = self._links.first(info)
            if info.is_regular and not first:
                yield from self._regular(folder, name, path, info)
            else:
                yield header(entry_of(path, info, self._owner(info), first))
            if not first:
                self._links.begin(path, info)

    def _regular(self, folder: int, name: bytes, path: bytes, info: FileInfo) -> Iterator[bytes]:
        try:
            opened = open_file(folder, name)
        except FileNotFoundError:
            return
        with Opened(opened):
            size = os.fstat(opened).st_size
            yield from regular_pieces(entry_of(path, info.replace(size=size), self._owner(info)), opened)

    def _owner(self, info: FileInfo) -> tuple[int, int]:
        return (info.uid, info.gid) if self._ids is None else self._ids.to_container(info.uid, info.gid)
