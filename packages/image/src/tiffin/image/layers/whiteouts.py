"""Whiteouts and opaque directories: applied to the tree, or written as overlayfs has them.

Sources: image-spec `layer.md`, "Whiteouts"; the kernel's Documentation/filesystems/overlayfs.rst, "whiteouts and
opaque directories".
"""

from __future__ import annotations

import os
import stat
from enum import Enum

from .names import Kind, Name
from .removal import remove, remove_older
from .root import DIRECTORY, Root


class WhiteoutForm(Enum):
    """What becomes of a whiteout."""

    APPLIED = "applied"  # what it hides is removed
    TRUSTED = "trusted"  # a device 0:0, and trusted.overlay.opaque: for overlays that root mounts
    USER = "user"  # a device 0:0, and user.overlay.opaque: for overlays with `userxattr` (Linux 5.11)


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

    def __init__(self, root: Root, fresh: Fresh) -> None:
        self._root = root
        self._fresh = fresh

    def hide(self, name: Name) -> None:
        """Hides what lower layers have, and nothing of this layer."""
        try:
            parent = self._root.directory(name.parent)
        except FileNotFoundError:
            return
        inode = self._root.inode(parent)
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
    """Writes whiteouts for overlayfs: the root holds this one layer, and others lie below it."""

    def __init__(self, root: Root, fresh: Fresh, form: WhiteoutForm) -> None:
        self._root = root
        self._fresh = fresh
        self._opaque = f"{form.value}.overlay.opaque"

    def hide(self, name: Name) -> None:
        """Makes the whiteout. Raises OSError, EPERM for example where this user may not make one."""
        parent = self._root.directory(name.parent, create=True)
        if name.kind is Kind.OPAQUE:
            os.setxattr(parent, self._opaque, b"y")
            return
        if (
            type_of(name.base, parent) == stat.S_IFDIR
        ):  # of this layer: what is below it must not shine through
            descriptor = os.open(name.base, DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            try:
                os.setxattr(descriptor, self._opaque, b"y")
            finally:
                os.close(descriptor)
        elif not self._fresh.has(self._root.inode(parent), name.base):
            remove(parent, name.base)
            os.mknod(name.base, stat.S_IFCHR, 0, dir_fd=parent)

    def replaced(self, status: os.stat_result, descriptor: int) -> None:
        """A directory took the place of `status`: if that was a whiteout, the directory goes on hiding."""
        if is_whiteout(status):
            os.setxattr(descriptor, self._opaque, b"y")


def is_whiteout(status: os.stat_result) -> bool:
    """Whether this is overlayfs's own whiteout."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def type_of(base: bytes, parent: int) -> int:
    """The type of a file as in its mode, 0 if there is none."""
    try:
        return stat.S_IFMT(os.stat(base, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return 0
