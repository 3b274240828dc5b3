"""`copy_into`: one COPY or ADD, carried out."""

from __future__ import annotations

import os
import posixpath
from contextlib import ExitStack, suppress

from tiffin.image.building.context.ignore import Ignored
from tiffin.image.building.context.patterns import compiled
from tiffin.image.building.context.sources import find_sources
from tiffin.image.layers.root import Root

from .files import NEW_FILE, Attributes, FileCopier
from .owners import ROOT, find_owner
from .target import Target, owned_when_made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.context.sources import Source
    from tiffin.image.building.context.tree import SourceTree
    from tiffin.image.building.stages.steps import CopyFile, CopyStep


def excluded_by(step: CopyStep) -> Ignored:
    """What `--exclude` leaves out."""
    return Ignored(map(compiled, step.exclude))


def sources_of(step: CopyStep, tree: SourceTree) -> list[Source]:
    """What is copied, but for heredocs and addresses. Raises NotFound, Problem."""
    return [source for text in step.sources for source in find_sources(tree, text)]


def copy_into(step: CopyStep, tree: SourceTree, rootfs: str, *, owners: bool) -> None:
    """Carries a COPY out.

    Args:
        tree: where the sources are. rootfs: the mounted root file system.
        owners: files without --chown keep their owners; else they belong to root.

    Raises:
        Problem: target and sources do not fit. NotFound: a source is missing. OSError: as the disk says.
    """
    with ExitStack() as stack:
        root = stack.enter_context(Root(rootfs))
        _Copying(step, tree, rootfs, root, owners=owners).run()


class _Copying:
    """One COPY, while it goes on."""

    def __init__(self, step: CopyStep, tree: SourceTree, rootfs: str, root: Root, *, owners: bool) -> None:
        self._step = step
        self._tree = tree
        self._root = root
        self._sources = sources_of(step, tree)
        self._excluded = excluded_by(step)
        owner = find_owner(rootfs, step.chown) if step.chown else None
        mode = int(step.chmod, 8) if step.chmod else None
        self._attributes = Attributes(owner or (None if owners else ROOT), mode)
        several = len(self._sources) + len(step.files) > 1
        self._target = Target(rootfs, root, step.target, several=several)
        owned_when_made(root, owner or ROOT)
        self._copier = FileCopier(tree, root, self._attributes)

    def run(self) -> None:
        for source in self._sources:
            if source.item.is_directory:
                self._copy_directory(source)
            elif not self._excluded.judge(source.name)[0]:
                self._copier.copy(source.item, self._target.file(source.name))
        for file in self._step.files:
            self._write(file)
        self._copier.finish()

    def _copy_directory(self, source: Source) -> None:
        """What is in it; itself only lends its attributes to a target that is not there yet."""
        target = self._target.directory()
        if target and not self._is_there(target):
            self._copier.make_directory(source.item, target)
        start = len(source.item.path) + 1 if source.item.path else 0
        for item in self._tree.walk(source.item.path, self._excluded):
            inner = posixpath.join(target, item.path[start:])
            if item.is_directory:
                self._copier.make_directory(item, inner)
            else:
                self._copier.copy(item, inner)

    def _is_there(self, target: str) -> bool:
        try:
            self._root.directory(os.fsencode(target))
        except FileNotFoundError:
            return False
        return True

    def _write(self, file: CopyFile) -> None:
        """A file that stands in the Dockerfile."""
        target = self._target.file(file.name)
        above, _, name = target.rpartition("/")
        parent = self._root.directory(os.fsencode(above), create=True)
        owner, mode = self._attributes.owner or ROOT, self._attributes.mode
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=parent)
        descriptor = os.open(name, NEW_FILE, 0o600, dir_fd=parent)
        with open(descriptor, "wb") as opened:
            opened.write(file.content.encode("utf-8", "surrogateescape"))
            os.fchown(descriptor, owner.uid, owner.gid)
            os.fchmod(descriptor, 0o644 if mode is None else mode)
