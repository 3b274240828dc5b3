"""`copy_into`: one COPY or ADD, carried out."""

from __future__ import annotations

import os
import posixpath
import stat
import tempfile
import time
from contextlib import ExitStack, suppress

from tiffin.image.building.context.tree import SourceTree
from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.dockerfile.mode import parse_mode
from tiffin.image.building.stages.git_address import git_address
from tiffin.image.errors import NotFound
from tiffin.image.layers.root import Root

from .archives import is_archive, unpack_archive
from .files import NEW_FILE, Attributes, FileCopier, copy_content
from .owners import ROOT, find_owner
from .selection import excluded_by, is_fetched, kept_above, name_of, sources_of
from .target import Target, owned_when_made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager

    from tiffin.image.building.context.sources import Source
    from tiffin.image.building.context.tree import Item
    from tiffin.image.building.stages.git_address import GitAddress
    from tiffin.image.building.stages.steps import CopyStep

    from .downloads import Downloads
    from .repositories import Repositories

    Scratch = Callable[[], AbstractContextManager[str]]

DOWNLOADED = 0o600  # the mode of what ADD fetches, as Docker has it
WRITTEN = 0o644


def copy_into(
    step: CopyStep, tree: SourceTree, rootfs: str, scratch: Scratch, downloads: Downloads, *, owners: bool
) -> None:
    """Carries a COPY or an ADD out.

    Args:
        tree: where the sources are. rootfs: the mounted root file system.
        scratch: makes a folder on the disk of the store, for repositories, and an archive whose files get another owner
            or mode.
        owners: files without --chown keep their owners; else they belong to root.

    Raises:
        Problem: target and sources do not fit. NotFound: a source is missing. OSError: as the disk says.
    """
    with Root(rootfs) as root:
        _Copying(step, tree, rootfs, scratch, root, owners=owners).run(downloads)


class _Copying:
    """One COPY, while it goes on."""

    def __init__(
        self, step: CopyStep, tree: SourceTree, rootfs: str, scratch: Scratch, root: Root, *, owners: bool
    ) -> None:
        self._step = step
        self._tree = tree
        self._scratch = scratch
        self._root = root
        self._sources = sources_of(step, tree)
        self._fetched = [text for text in step.sources if is_fetched(step, text)]
        self._excluded = excluded_by(step)
        owner = find_owner(rootfs, step.chown) if step.chown else None
        mode = parse_mode(step.chmod) if step.chmod else None
        self._attributes = Attributes(owner or (None if owners else ROOT), mode)
        several = len(self._sources) + len(step.files) + len(self._fetched) > 1
        self._target = Target(rootfs, root, step.target, several=several)
        owned_when_made(root, owner or ROOT)
        self._copier = FileCopier(tree, root, self._attributes)

    def run(self, downloads: Downloads) -> None:
        for source in self._sources:
            self._copy(source)
            self._copier.finish()
        for address in self._fetched:
            if (repository := git_address(address)) is not None:
                self._add_repository(repository, downloads.repositories)
                continue
            found = downloads.fetch(address, self._step.checksum)
            if self._step.unpack:
                self._unpack(found.path)
            else:
                when = time.time() if found.modified is None else found.modified
                with open(found.path, "rb") as file:
                    self._write(self._target.file(name_of(address)), file.fileno(), DOWNLOADED, when)
        for one in self._step.files:
            with tempfile.TemporaryFile() as file:
                file.write(one.content.encode("utf-8", "surrogateescape"))
                file.seek(0)
                self._write(self._target.file(one.name), file.fileno(), WRITTEN, time.time())

    def _copy(self, source: Source) -> None:
        if self._step.parents:
            self._copy_with_parents(source)
        elif source.item.is_directory:
            self._copy_directory(source, self._target.directory())
        elif not self._excluded.judge(source.name)[0]:
            if self._step.add and self._step.unpack is not False and stat.S_ISREG(source.item.status.st_mode):
                with self._tree.open(source.item.path) as descriptor:
                    path = f"/proc/self/fd/{descriptor}"
                    if is_archive(path):
                        self._unpack(path)
                        return
            self._copier.copy(source.item, self._target.file(source.name))

    def _copy_directory(self, source: Source, target: str) -> None:
        """What is in it; it says nothing about the target itself."""
        self._root.directory(os.fsencode(target), create=True)
        start = len(source.item.path) + 1 if source.item.path else 0
        for item in self._tree.walk(source.item.path, self._excluded):
            inner = posixpath.join(target, item.path[start:])
            if item.is_directory:
                self._copier.make_directory(item, inner)
            else:
                self._copier.copy(item, inner)

    def _copy_with_parents(self, source: Source) -> None:
        """With the folders that it is in, from the context's root on, or from where a `/./` stands."""
        target = self._target.directory()
        for path, folder in kept_above(source, self._tree):
            self._copier.make_directory(folder, posixpath.join(target, path))
        inner = posixpath.join(target, source.kept)
        if source.item.is_directory:
            if source.kept:
                self._copier.make_directory(source.item, inner)
            self._copy_directory(source, inner)
        elif not self._excluded.judge(source.name)[0]:
            self._copier.copy(source.item, inner)

    def _unpack(self, path: str) -> None:
        """What is in an archive, into the target. With --chown or --chmod it is unpacked first, then copied."""
        target = self._target.directory()
        folder = self._root.directory(os.fsencode(target), create=True)
        if not (self._step.chown or self._step.chmod):
            with Root(f"/proc/self/fd/{folder}") as inner:
                unpack_archive(path, inner)
            return
        with ExitStack() as stack:
            scratch = stack.enter_context(self._scratch())
            with Root(scratch) as inner:
                unpack_archive(path, inner)
            tree = stack.enter_context(SourceTree(scratch, name="the archive"))
            self._copy_tree(tree, tree.walk(""), 0, target)

    def _add_repository(self, address: GitAddress, repositories: Repositories) -> None:
        """The files of a commit, into the target."""
        commit = repositories.resolve(address, self._step.checksum)
        target = self._target.directory()
        self._root.directory(os.fsencode(target), create=True)
        with ExitStack() as stack:
            scratch = stack.enter_context(self._scratch())
            repositories.checkout(address, scratch, keep_git=self._step.keep_git)
            tree = stack.enter_context(SourceTree(scratch, name=address.url))
            item = tree.find(address.folder)
            if item is None or not item.is_directory:
                raise NotFound(f"{address.url} has no folder {address.folder!r} in commit {commit}")
            start = len(item.path) + 1 if item.path else 0
            self._copy_tree(tree, tree.walk(item.path, self._excluded), start, target)

    def _copy_tree(self, tree: SourceTree, items: Iterable[Item], start: int, target: str) -> None:
        """Files of another tree than the context. start: where in their paths what is kept begins."""
        copier = FileCopier(tree, self._root, self._attributes)
        for item in items:
            copy = copier.make_directory if item.is_directory else copier.copy
            copy(item, posixpath.join(target, item.path[start:]))
        copier.finish()

    def _write(self, target: str, source: int, mode: int, when: float) -> None:
        """A file that is in no tree."""
        above, _, name = target.rpartition("/")
        if not name:
            raise Problem("the address says no name: give the path of a file, not of a directory")
        parent = self._root.directory(os.fsencode(above), create=True)
        owner = self._attributes.owner or ROOT
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)
        descriptor = os.open(name, NEW_FILE, 0o600, dir_fd=parent)
        try:
            copy_content(source, descriptor)
            os.fchown(descriptor, owner.uid, owner.gid)
            os.fchmod(descriptor, self._attributes.permissions(mode, directory=False))
            os.utime(descriptor, (when, when))
        finally:
            os.close(descriptor)
