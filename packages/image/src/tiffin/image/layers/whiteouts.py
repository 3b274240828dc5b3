"""Whiteouts and opaque directories: applied to the tree, or written as overlayfs has them.

Sources: image-spec `layer.md`, "Whiteouts"; the kernel's Documentation/filesystems/overlayfs.rst, "whiteouts and
opaque directories".
"""

from __future__ import annotations

import os
import stat
from enum import Enum

from tiffin.image.errors import InvalidImage

from .below import Below, is_whiteout
from .directories import Directories
from .names import Kind, Name
from .removal import remove, remove_older
from .root import DIRECTORY, Root


class WhiteoutForm(Enum):
    """What becomes of a whiteout."""

    APPLIED = "applied"  # what it hides is removed
    TRUSTED = "trusted"  # a device 0:0, and trusted.overlay.opaque: for overlays that root mounts
    USER = "user"  # a device 0:0, and user.overlay.opaque: for overlays with `userxattr` (Linux 5.11)

    @property
    def opaque(self) -> str:
        """The extended attribute of a directory that hides all below it."""
        return f"{self.value}.overlay.opaque"


class Fresh:
    """What the layer at hand brought, by the inode of the directory: its whiteouts hide nothing of it."""

    def __init__(self) -> None:
        self._names: dict[int, set[bytes]] = {}

    def add(self, inode: int, name: bytes) -> None:
        """Notes an entry."""
        self._names.setdefault(inode, set()).add(name)

    def has(self, inode: int, name: bytes) -> bool:
        """Whether this layer brought it."""
        return name in self._names.get(inode, ())

    def clear(self) -> None:
        """The next layer begins."""
        self._names.clear()


class Applied:
    """Removes what a whiteout hides."""

    def __init__(self, root: Root, fresh: Fresh, directories: Directories) -> None:
        self._root = root
        self._fresh = fresh
        self._directories = directories

    def hide(self, name: Name) -> None:
        """Hides what lower layers have, and nothing of this layer."""
        try:
            parent = self._root.directory(name.parent)
        except FileNotFoundError:
            return
        inode = self._root.inode(parent)
        self._directories.touched(inode, parent)
        self._root.forget()
        if name.kind is Kind.OPAQUE:
            remove_older(parent, self._fresh.has)
        elif type_of(name.base, parent) == stat.S_IFDIR:
            self._hide_directory(name.base, parent, inode)
        elif not self._fresh.has(inode, name.base):
            remove(parent, name.base)

    def _hide_directory(self, base: bytes, parent: int, inode: int) -> None:
        descriptor = os.open(base, DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        try:
            kept = remove_older(descriptor, self._fresh.has)
        finally:
            os.close(descriptor)
        if not kept and not self._fresh.has(inode, base):
            os.rmdir(base, dir_fd=parent)

    def replaced(self, status: os.stat_result, descriptor: int) -> None:
        """A directory took the place of something else: nothing is left to hide."""


class Written:
    """Writes whiteouts for overlayfs: the root holds this one layer, and others lie below it.

    A whiteout is made without a look below, so that nobody waits for a layer that is not there yet; `settle` looks.
    """

    def __init__(self, root: Root, fresh: Fresh, opaque: str, below: Below) -> None:
        self._root = root
        self._fresh = fresh
        self._opaque = opaque
        self._below = below
        self.unsettled: dict[bytes, set[bytes]] = {}  # by directory

    def hide(self, name: Name) -> None:
        """Makes the whiteout. Raises OSError, EPERM for example where this user may not make one."""
        if not self._below.has_directory(name.parent):
            return
        parent = self._root.directory(name.parent, create=True)
        if name.kind is Kind.WHITEOUT:
            self._hide(name.base, parent)
        elif name.parent:
            self._clear(parent)
            os.setxattr(parent, self._opaque, b"y")
        else:  # overlayfs does not ask the root of a layer whether it is opaque
            for base in self._below.names():
                self._hide(base, parent)

    def _hide(self, base: bytes, parent: int) -> None:
        new = self._fresh.has(self._root.inode(parent), base)
        if type_of(base, parent) == stat.S_IFDIR:  # what is below it must not shine through
            descriptor = os.open(base, DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            try:
                kept = self._clear(descriptor)
                os.setxattr(descriptor, self._opaque, b"y")
            finally:
                os.close(descriptor)
            new = new or kept
        if not new:
            self._root.forget()
            remove(parent, base)
            if self._below:
                os.mknod(base, stat.S_IFCHR, 0, dir_fd=parent)
                self.unsettled.setdefault(self._root.path_of(parent), set()).add(base)

    def settle(self) -> None:
        """Removes whiteouts that hide nothing, because overlayfs lists those; directories keep their times."""
        for path, names in self.unsettled.items():
            try:
                parent = self._root.directory(path)
            except (FileNotFoundError, InvalidImage):
                continue  # a later entry took its place
            status = os.fstat(parent)
            needless = [base for base in names if self._is_needless(parent, base)]
            for base in needless:
                os.unlink(base, dir_fd=parent)
            if needless:
                os.utime(parent, ns=(status.st_atime_ns, status.st_mtime_ns))
        self.unsettled.clear()

    def _is_needless(self, parent: int, base: bytes) -> bool:
        try:
            status = os.stat(base, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return False
        if not is_whiteout(status):
            return False
        with self._below.find(parent, base) as found:
            return found is None

    def _clear(self, directory: int) -> bool:
        """Removes what was only copied from below, and needless whiteouts; tells whether anything was kept."""
        self._root.forget()
        return remove_older(directory, self._fresh.has)

    def replaced(self, status: os.stat_result, descriptor: int) -> None:
        """A directory took the place of `status`: if that was a whiteout, the directory goes on hiding."""
        if is_whiteout(status):
            os.setxattr(descriptor, self._opaque, b"y")


def type_of(base: bytes, parent: int) -> int:
    """The type of a file as in its mode, 0 if there is none."""
    try:
        return stat.S_IFMT(os.stat(base, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return 0
