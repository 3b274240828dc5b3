"""What a layer in a root of its own needs of those below it: implied directories, links on the way, link targets.

Where those below may be late, a directory that the layer only implies is taken for one below too, as it nearly always
is; `settle` sees whether that was right, and gives it what the one below has.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager

from tiffin.image.errors import InvalidImage

from . import names
from .attributes import OVERLAYFS
from .below import Below, Found, is_whiteout
from .copy_entry import EntryCopier
from .directories import Directories
from .root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Misjudged(Exception):
    """What was taken for a directory is something else in a layer below: the layer must be applied once more."""


class CopyUp:
    """Copies from the layers below.

    Args:
        root: the layer.
        below: what it is on top of.
        opaque: the extended attribute of directories that hide all below them.
        directories: where modes and times of directories are kept until the end.
        late: those below need not be there before `settle`.
    """

    def __init__(
        self, root: Root, below: Below, opaque: str, directories: Directories, *, late: bool
    ) -> None:
        self._root = root
        self._below = below
        self._opaque = opaque
        self._directories = directories
        self._copier = EntryCopier(left_out=OVERLAYFS)
        self._late = late
        self._assumed: dict[bytes, int] = {}  # the inodes of directories, by their paths
        self._mentioned: set[int] = set()

    def implied(self, _path: bytes, descriptor: int) -> None:
        """A directory was made that the layer only implies: overlayfs would show its mode, so it gets the one below."""
        status = os.fstat(descriptor)
        self._directories.forget(status.st_ino)
        if self._late and self._below:
            path = self._root.path_of(descriptor)
            if not self._below.hides(path):
                self._assumed[path] = status.st_ino
                self._mentioned.discard(status.st_ino)  # of another one, which is gone
            return
        with self._below.find(descriptor) as found:
            if found is not None and stat.S_ISDIR(found.status.st_mode):
                self._make_like(found, descriptor)
                self._directories.like(status.st_ino, self._root.path_of(descriptor), found.status)

    def _make_like(self, found: Found, descriptor: int) -> None:
        source = os.open(found.base, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=found.directory)
        try:
            self._copier.copy_attributes(source, descriptor, found.status)
        finally:
            os.close(source)

    def mentioned(self, inode: int) -> None:
        """The layer has an entry for a directory: it is as that says."""
        if self._assumed:
            self._mentioned.add(inode)

    @property
    def unsettled(self) -> bool:
        """Whether something was taken for granted."""
        return bool(self._assumed)

    def settle(self) -> None:
        """Looks what is below directories that were taken for granted. Raises Misjudged."""
        for path, inode in self._assumed.items():
            with self._assumed_directory(path) as found:
                if found is not None and inode not in self._mentioned:
                    self._settle(path, inode, found)
        self._assumed.clear()

    def check(self) -> None:
        """The layer seems to be wrong: what was taken for granted may be the reason. Raises Misjudged."""
        for path in self._assumed:
            with self._assumed_directory(path):
                pass

    @contextmanager
    def _assumed_directory(self, path: bytes) -> Iterator[Found | None]:
        with self._below.find_whatever_hides(path) as found:
            if found is not None and not stat.S_ISDIR(found.status.st_mode):
                raise Misjudged(f"{names.shown(path)} is no directory in a layer below")
            yield found

    def _settle(self, path: bytes, inode: int, found: Found) -> None:
        try:
            descriptor = self._root.directory(path)
        except (FileNotFoundError, InvalidImage):
            return  # a later entry took its place
        if os.fstat(descriptor).st_ino == inode:
            self._make_like(found, descriptor)

    def settle_root(self) -> None:
        """The root gets what the one below has: a layer need not mention it, and overlayfs shows the topmost one."""
        with self._below.find(self._root.descriptor) as found:
            if found is not None:
                self._make_like(found, self._root.descriptor)

    def missing(self, parent: int, base: bytes) -> bool:
        """A directory is about to be made on the way to an entry, unless there is something else below.

        Returns:
            whether it is there now: in the place of a whiteout, it goes on hiding.

        Raises:
            InvalidImage: below is a file.
        """
        try:
            status = os.stat(base, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            if not self._late:
                self._copy_link(parent, base)
            return False
        if not is_whiteout(status):
            return False
        os.unlink(base, dir_fd=parent)
        os.mkdir(base, 0o755, dir_fd=parent)
        self._hide(parent, base)
        return True

    def _hide(self, parent: int, base: bytes) -> None:
        descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        try:
            os.setxattr(descriptor, self._opaque, b"y")
            self._directories.forget(os.fstat(descriptor).st_ino)
        finally:
            os.close(descriptor)

    def _copy_link(self, parent: int, base: bytes) -> None:
        """A link below is followed as if all layers were one tree: it is copied, and leads on."""
        with self._below.find(parent, base) as found:
            if found is None or stat.S_ISDIR(found.status.st_mode):
                return
            if not stat.S_ISLNK(found.status.st_mode):
                raise InvalidImage(f"{names.shown(base)} in the layer: it is no directory in a layer below")
            self._copier.copy(found.directory, parent, base, found.status)

    def target(self, path: bytes) -> None:
        """Copies what a hard link is to be another name of, if it is not in the layer itself.

        Raises:
            InvalidImage: the layer hides it.
        """
        above, _, base = path.rpartition(b"/")
        if not base:
            return
        parent = self._root.directory(above, create=True)
        try:
            status = os.stat(base, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            pass
        else:
            if is_whiteout(status):
                raise InvalidImage(
                    f"the target {names.shown(path)} of a hard link in the layer was removed by it"
                )
            return
        with self._below.find(parent, base) as found:
            if found is not None and not stat.S_ISDIR(found.status.st_mode):
                self._copier.copy(found.directory, parent, base, found.status)
