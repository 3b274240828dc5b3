"""Where copied files go: the rules of Docker's COPY for the last argument."""

from __future__ import annotations

import os

from tiffin.image.building.context.tree import SourceTree
from tiffin.image.building.dockerfile.error import Problem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.layers.root import Root

    from .owners import Owner


class Target:
    """The target of one COPY.

    Args:
        rootfs: where the root is mounted. root: the same, opened.
        path: absolute; with a `/` at its end, or for `several` sources, it is a directory.
    """

    def __init__(self, rootfs: str, root: Root, path: str, *, several: bool) -> None:
        self._rootfs = rootfs
        self._root = root
        self._path = path.strip("/")
        self._demanded = several or path.endswith("/")

    def directory(self) -> str:
        """The target as a directory, relative to the root. Raises Problem: something else is there."""
        with SourceTree(self._rootfs) as tree:
            found = tree.find(self._path)
        if found is not None and not found.is_directory:
            raise Problem(f"{'/' + self._path!r} is no directory")
        return self._path if found is None else found.path

    def file(self, name: str) -> str:
        """The path that a file gets, relative to the root."""
        with SourceTree(self._rootfs) as tree:
            found = tree.find(self._path)
        if found is None and not self._demanded:
            return self._path
        if found is not None and not (self._demanded or found.is_directory):
            return found.path
        folder = self.directory()
        return f"{folder}/{name}" if folder else name


def owned_when_made(root: Root, owner: Owner) -> None:
    """Directories that have to be made on the way belong to `owner`."""

    def made(_path: bytes, descriptor: int) -> None:
        os.fchown(descriptor, owner.uid, owner.gid)

    root.when_made = made
