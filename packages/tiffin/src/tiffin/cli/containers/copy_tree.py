"""Copies a file or a tree from one root to another, of which neither is trusted.

A program in a container may exchange folders for links while we copy. So every path that is given is opened by
openat2(RESOLVE_IN_ROOT), and every step below it is a single name in an open folder, never followed
(CVE-2018-15664, CVE-2019-14271: nothing of the container is executed or loaded either).
"""

from __future__ import annotations

import contextlib
import os
import stat
from contextlib import suppress
from errno import ELOOP, ENOENT, ENOTDIR

from tiffin.cli.containers.copy_entry import EntryCopy
from tiffin.cli.failure import CommandFailed
from tiffin.image.layers.root import DIRECTORY, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


class Place:
    """A path in a root. Use it in a `with` statement.

    Args:
        root: a folder that is `/` for the path. shown: what the user called it.
    """

    def __init__(self, root: str, path: str, shown: str) -> None:
        self.shown = shown
        self.wants_folder = path.endswith(("/", "/."))
        self.content_only = path.endswith("/.")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        self.path = "/".join(parts).encode("utf-8", "surrogateescape")
        self._root = Root(root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._root.close()

    def folder(self, path: bytes) -> int:
        """A new descriptor of a folder. Raises OSError."""
        return self._root.open(path or b".", DIRECTORY)

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
        with _Open(self._opened(self._source, above)) as source:
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
        with _Open(folder) as target:
            self._put(source, name, target, wanted, status)

    def _destination(self, name: bytes) -> tuple[int, bytes]:
        """The folder, and the name there, for something that is called `name`."""
        target = self._target
        if target.is_folder():
            return target.folder(target.path), name
        above, _, last = target.path.rpartition(b"/")
        if target.wants_folder:
            raise CommandFailed(f"there is no folder {target.shown}")
        return self._opened(target, above), last

    def _copy_folder(self) -> None:
        source, target = self._source, self._target
        above, _, name = source.path.rpartition(b"/")
        with _Open(self._opened(source, source.path)) as opened:
            if target.is_folder():
                with _Open(target.folder(target.path)) as folder:
                    if source.content_only or not name:
                        self._fill(opened, folder)
                    else:
                        self._enter(opened, folder, name)
                return
            above, _, last = target.path.rpartition(b"/")
            with _Open(self._opened(target, above)) as folder:
                self._enter(opened, folder, last)

    def _opened(self, place: Place, path: bytes) -> int:
        try:
            return place.folder(path)
        except OSError as error:
            if error.errno in (ENOENT, ENOTDIR, ELOOP):
                raise CommandFailed(f"{place.shown}: there is no folder /{os.fsdecode(path)}") from error
            raise

    def _enter(self, source: int, folder: int, name: bytes) -> None:
        """Copies an open folder to a name in another; what is there already stays, or is replaced file by file."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
        try:
            inner = os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
        except NotADirectoryError as error:
            raise CommandFailed(f"{self._target.shown}: a folder cannot replace a file") from error
        with _Open(inner) as target:
            self._fill(source, target)
            self._entries.copy_attributes(source, target, os.fstat(source))

    def _fill(self, source: int, target: int) -> None:
        for entry in os.listdir(source):
            name = os.fsencode(entry)
            try:
                status = os.stat(name, dir_fd=source, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    with _Open(os.open(name, DIRECTORY | os.O_NOFOLLOW, dir_fd=source)) as inner:
                        self._enter(inner, target, name)
                else:
                    self._put(source, name, target, name, status)
            except FileNotFoundError:  # it went while we copied
                continue

    def _put(self, source: int, name: bytes, target: int, wanted: bytes, status: os.stat_result) -> None:
        """A file, by way of a name in a folder of our own, so that nobody sees half of it."""
        if stat.S_ISSOCK(status.st_mode):
            return
        partial = b".tiffin-cp-" + os.urandom(6).hex().encode()
        os.mkdir(partial, 0o700, dir_fd=target)
        try:
            with _Open(os.open(partial, DIRECTORY | os.O_NOFOLLOW, dir_fd=target)) as folder:
                try:
                    self._entries.copy(source, folder, name, status)
                    os.rename(name, wanted, src_dir_fd=folder, dst_dir_fd=target)
                except BaseException as error:
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=folder)
                    if isinstance(error, IsADirectoryError):
                        raise CommandFailed(
                            f"{self._target.shown}: a file cannot replace a folder"
                        ) from error
                    raise
        finally:
            os.rmdir(partial, dir_fd=target)


class _Open:
    """Closes a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
