"""Copies a file or a tree from one root to another, of which neither is trusted.

A program in a container may exchange folders for links while we copy. So every path that is given is opened by
openat2(RESOLVE_IN_ROOT), and every step below it is a single name in an open folder, never followed
(CVE-2018-15664, CVE-2019-14271: nothing of the container is executed or loaded either).
"""

from __future__ import annotations

import contextlib
import os
import stat
from errno import ELOOP, ENOENT, ENOTDIR

from tiffin.cli.containers.copy_entry import EntryCopy
from tiffin.cli.containers.copy_put import Opened, put
from tiffin.cli.failure import CommandFailed
from tiffin.image.layers.root import DIRECTORY, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class Place:
    """A path in a root. Use it in a `with` statement.

    Args:
        root: a folder that is `/` for the path. shown: what the user called it.
        left_out: numbers of devices (`st_dev`) of which only the mount point is copied.
    """

    def __init__(self, root: str, path: str, shown: str, left_out: frozenset[int] = frozenset()) -> None:
        self.shown = shown
        self.left_out = left_out
        self.wants_folder = path.endswith(("/", "/."))
        self.content_only = path.endswith("/.")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        self.path = "/".join(parts).encode("utf-8", "surrogateescape")
        self.root = Root(root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.root.close()

    def folder(self, path: bytes) -> int:
        """A new descriptor of a folder. Raises OSError."""
        return self.root.open(path or b".", DIRECTORY)

    def existing(self, path: bytes) -> int:
        """The same. Raises CommandFailed: there is none."""
        try:
            return self.folder(path)
        except OSError as error:
            if error.errno in (ENOENT, ENOTDIR, ELOOP):
                raise CommandFailed(f"{self.shown}: there is no folder /{os.fsdecode(path)}") from error
            raise

    def is_folder(self) -> bool:
        """Whether there is one; a link to one counts."""
        try:
            os.close(self.folder(self.path))
        except OSError as error:
            if error.errno in (ENOENT, ENOTDIR, ELOOP):
                return False
            raise
        return True


class Copying:
    """One copy, with docker's rules for where things go. owner: uid and gid of what is made; None: as at the source."""

    def __init__(self, source: Place, target: Place, owner: tuple[int, int] | None) -> None:
        self._source = source
        self._target = target
        self._entries = EntryCopy(owner)

    def copy(self) -> None:
        """Raises CommandFailed: a path leads nowhere, or a folder would replace a file; OSError."""
        above, _, name = self._source.path.rpartition(b"/")
        if self._source.wants_folder or not name:
            self._copy_folder()
            return
        with Opened(self._source.existing(above)) as source:
            try:
                status = os.stat(name, dir_fd=source, follow_symlinks=False)
            except FileNotFoundError as error:
                raise CommandFailed(f"there is no {self._source.shown}") from error
            if stat.S_ISDIR(status.st_mode):
                self._copy_folder()
                return
            self._copy_file(source, name, status)

    def _copy_file(self, source: int, name: bytes, status: os.stat_result) -> None:
        folder, wanted = self._destination(name)
        with Opened(folder) as target:
            self._put(source, name, target, wanted, status)

    def _destination(self, name: bytes) -> tuple[int, bytes]:
        """The folder, and the name there, for something that is called `name`."""
        target = self._target
        if target.is_folder():
            return target.folder(target.path), name
        above, _, last = target.path.rpartition(b"/")
        if target.wants_folder:
            raise CommandFailed(f"there is no folder {target.shown}")
        return target.existing(above), last

    def _copy_folder(self) -> None:
        source, target = self._source, self._target
        above, _, name = source.path.rpartition(b"/")
        with Opened(source.existing(source.path)) as opened:
            if target.is_folder():
                with Opened(target.folder(target.path)) as folder:
                    if source.content_only or not name:
                        self._fill(opened, folder)
                    else:
                        self._enter(opened, folder, name)
                return
            above, _, last = target.path.rpartition(b"/")
            with Opened(target.existing(above)) as folder:
                self._enter(opened, folder, last)

    def _enter(self, source: int, folder: int, name: bytes, *, empty: bool = False) -> None:
        """Copies an open folder to a name in another; what is there already stays, or is replaced file by file."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
        try:
            inner = os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        except NotADirectoryError as error:
            raise CommandFailed(f"{self._target.shown}: a folder cannot replace a file") from error
        with Opened(inner) as target:
            if not empty:
                self._fill(source, target)
            self._entries.copy_attributes(source, target, os.fstat(source))

    def _fill(self, source: int, target: int) -> None:
        for entry in os.listdir(source):
            name = os.fsencode(entry)
            try:
                status = os.stat(name, dir_fd=source, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    with Opened(os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=source)) as inner:
                        self._enter(inner, target, name, empty=status.st_dev in self._source.left_out)
                else:
                    self._put(source, name, target, name, status)
            except FileNotFoundError:  # it went while we copied
                continue

    def _put(self, source: int, name: bytes, target: int, wanted: bytes, status: os.stat_result) -> None:
        if stat.S_ISSOCK(status.st_mode):
            return

        def copy(folder: int) -> None:
            self._entries.copy(source, folder, name, status)

        put(target, wanted, self._target.shown, name, copy)
