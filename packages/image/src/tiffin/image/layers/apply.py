"""Applying a layer to a root file system: image-spec `layer.md`, "Applying Changesets"."""

from __future__ import annotations

import os
import stat
from collections import Counter
from errno import ENAMETOOLONG

from tiffin.image.errors import InvalidImage
from tiffin.image.verified import Readable

from . import names
from .attributes import set_extended, set_times, wanted
from .below import Below, Parents
from .copy_up import CopyUp
from .create import CREATORS, NEW_FILE, REGULAR, fill
from .directories import Directories
from .limits import Limits
from .owners import IdMaps, Owners, Ownership
from .removal import remove
from .root import DIRECTORY, Root
from .tar import entry as kinds
from .tar.entry import Entry
from .tar.reader import TarReader
from .tar.source import Source
from .whiteouts import Applied, Fresh, WhiteoutForm, Written, type_of

DEVICES = (kinds.CHARACTER, kinds.BLOCK_DEVICE)


class LayerWriter:
    """Applies layers, in order, to one root.

    Args:
        root: where to.
        ownership: what becomes of the owners; device nodes are made only with `Ownership.KEEP`.
        ids: how the ids in the layer are mapped; None where they stay.
        whiteouts: what becomes of whiteouts. In the forms of overlayfs the root is for one layer.
        parents: with those forms, the roots of the layers below, the nearest first.
        late: the layers below may not be complete before `settle`: they are asked only for what must be known at
            once, such as targets of hard links, and the layer may have to be applied once more.
        limits: how much a layer may be.

    Call `finish` after the last layer: modes and times of directories are set there. Where the layers below are
    late, call its two halves: `end`, which asks nobody, and `settle` once all of them are complete.

    left_out: counts what this user or this file system cannot have, by what it is.
    """

    def __init__(
        self,
        root: Root,
        ownership: Ownership,
        *,
        ids: IdMaps | None = None,
        whiteouts: WhiteoutForm = WhiteoutForm.APPLIED,
        parents: Parents = (),
        late: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self._root = root
        self._owners = Owners(ownership, ids)
        self._limits = limits or Limits()
        self._fresh = Fresh()
        self._directories = Directories(root)
        self._copy_up: CopyUp | None = None
        self._whiteouts: Applied | Written = Applied(root, self._fresh, self._directories)
        root.when_made = self._implied
        self._says_root = False
        if whiteouts is not WhiteoutForm.APPLIED:
            below = Below(root, parents, whiteouts.opaque)
            self._whiteouts = Written(root, self._fresh, whiteouts.opaque, below)
            self._copy_up = CopyUp(root, below, whiteouts.opaque, self._directories, late=late)
            root.when_missing, root.when_made = self._copy_up.missing, self._copy_up.implied
        self.left_out: Counter[str] = Counter()

    def apply(self, stream: Readable) -> None:
        """Applies one layer, an uncompressed tar stream.

        Raises:
            InvalidImage: if it is broken, tries to leave the root, or is over the limits.
            Misjudged: with `late`, the layer must be applied once more, to another root, and not late.
            OSError: if the disk is full, or the like.
        """
        self._fresh.clear()
        archive = TarReader(Source(stream, self._limits.size))
        for count, entry in enumerate(archive.entries(), 1):
            self._limits.check_entries(count)
            try:
                self._apply_entry(archive, entry)
            except InvalidImage:
                if self._copy_up is not None:
                    self._copy_up.check()
                raise

    def _apply_entry(self, archive: TarReader, entry: Entry) -> None:
        try:
            name = names.parse(entry.name)
            if name.kind is names.Kind.ENTRY:
                self._write(archive, entry, name)
            elif name.kind is not names.Kind.IGNORED:
                self._whiteouts.hide(name)
        except OSError as error:
            if error.errno != ENAMETOOLONG:
                raise
            reason = f"{entry.shown} in the layer has a longer name than this file system takes"
            raise InvalidImage(reason) from error

    def finish(self) -> None:
        """Sets what directories get last, and asks the layers below the rest. Raises OSError, if the kernel refuses."""
        self.end()
        self.settle()

    def end(self) -> None:
        """The first half of `finish`: nothing is left open, or in memory, but what `settle` needs."""
        self._directories.finish()
        self._fresh.clear()
        self._root.rest()

    @property
    def unsettled(self) -> bool:
        """Whether `settle` may change something: until then nobody may look into the root."""
        hides = isinstance(self._whiteouts, Written) and bool(self._whiteouts.unsettled)
        return hides or (self._copy_up is not None and self._copy_up.unsettled)

    def settle(self) -> None:
        """The second half of `finish`: whiteouts of nothing go, the rest is as below. Raises Misjudged, OSError."""
        if isinstance(self._whiteouts, Written):
            self._whiteouts.settle()
        if self._copy_up is not None:
            self._copy_up.settle()
            if not self._says_root:
                self._copy_up.settle_root()
        self._root.rest()

    def _write(self, archive: TarReader, entry: Entry, name: names.Name) -> None:
        parent = self._root.directory(name.parent, create=True)
        inode = self._root.inode(parent)
        self._fresh.add(inode, name.base)
        self._directories.touched(inode, parent)
        if entry.type in REGULAR and name.base:
            self._write_regular(archive, entry, name.base, parent)
        elif entry.type == kinds.DIRECTORY:
            self._write_directory(entry, name, parent)
        elif not name.base:
            raise InvalidImage(f"the layer has something else than a directory as its root ({entry.shown})")
        elif entry.type == kinds.HARD_LINK:
            self._write_hard_link(entry, name, parent)
        else:
            self._write_special(entry, name.base, parent)

    def _write_regular(self, archive: TarReader, entry: Entry, base: bytes, parent: int) -> None:
        """All by one descriptor: a name would be looked up again for each attribute."""
        try:
            descriptor = os.open(base, NEW_FILE, 0o600, dir_fd=parent)
        except FileExistsError:
            self._remove(parent, base)
            descriptor = os.open(base, NEW_FILE, 0o600, dir_fd=parent)
        try:
            fill(archive, entry, descriptor)
            self._owned(entry, descriptor)
            os.fchmod(descriptor, entry.mode)
            self._extend(entry, descriptor, fresh=True)
            set_times(entry.mtime, entry.atime, descriptor)
        finally:
            os.close(descriptor)

    def _write_directory(self, entry: Entry, name: names.Name, parent: int) -> None:
        fresh, replaced = True, None
        if not name.base:
            fresh, self._says_root = False, True
        else:
            try:
                os.mkdir(name.base, 0o700, dir_fd=parent)
            except FileExistsError:
                fresh, replaced = self._make_directory(name.base, parent)
        descriptor = os.open(name.base or b".", DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        path = b"/".join(filter(None, (name.parent, name.base)))
        try:
            self._owned(entry, descriptor)
            self._extend(entry, descriptor, fresh=fresh)
            if replaced is not None:
                self._whiteouts.replaced(replaced, descriptor)
            inode = os.fstat(descriptor).st_ino
            self._directories.remember(inode, path, entry)
            if self._copy_up is not None:
                self._copy_up.mentioned(inode)
        except BaseException:
            os.close(descriptor)
            raise
        self._root.keep(path, descriptor)

    def _implied(self, _path: bytes, descriptor: int) -> None:
        """A directory was made that no layer names. Its inode may be that of one which a whiteout has removed."""
        self._directories.forget(os.fstat(descriptor).st_ino)

    def _make_directory(self, base: bytes, parent: int) -> tuple[bool, os.stat_result | None]:
        """Something is there already: a directory stays. Returns whether one was made, and in whose place."""
        status = os.stat(base, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            return False, None
        self._remove(parent, base)
        os.mkdir(base, 0o700, dir_fd=parent)
        return True, status

    def _write_hard_link(self, entry: Entry, name: names.Name, parent: int) -> None:
        """It has what the file has that it is another name of."""
        target = names.clean(entry.target)
        if target == b"/".join(filter(None, (name.parent, name.base))):
            return
        if self._copy_up is not None:
            self._copy_up.target(target)
            parent = self._root.directory(name.parent)
        self._remove(parent, name.base)
        CREATORS[kinds.HARD_LINK](entry, name.base, parent, self._root)

    def _write_special(self, entry: Entry, base: bytes, parent: int) -> None:
        creator = CREATORS.get(entry.type)
        if creator is None:
            raise InvalidImage(f"{entry.shown} in the layer is of the unknown type {entry.type!r}")
        if entry.type in DEVICES and self._owners.ownership is not Ownership.KEEP:
            self.left_out["device nodes"] += 1
            self._remove(parent, base)
            return
        if self._copy_up is not None and (entry.type, entry.device) == (kinds.CHARACTER, (0, 0)):
            self.left_out["devices 0:0, which hide files on overlays"] += 1
        try:
            creator(entry, base, parent, self._root)
        except FileExistsError:
            self._remove(parent, base)
            creator(entry, base, parent, self._root)
        self._owned(entry, base, parent)
        if entry.type != kinds.SYMBOLIC_LINK:
            os.chmod(base, entry.mode, dir_fd=parent)  # it was just made, and is no link
        self._extend(entry, b"/proc/self/fd/%d/%s" % (parent, base), fresh=True)
        set_times(entry.mtime, entry.atime, base, parent)

    def _owned(self, entry: Entry, file: int | bytes, parent: int | None = None) -> None:
        if not self._owners.give(entry, file, parent):
            self.left_out["owners"] += 1

    def _extend(self, entry: Entry, path: bytes | int, *, fresh: bool) -> None:
        if fresh and not entry.xattrs:
            return
        values = wanted(entry, self._owners.ids)
        for attribute in set_extended(path, values, self._owners, fresh=fresh):
            self.left_out[f"extended attributes {attribute}"] += 1

    def _remove(self, parent: int, base: bytes) -> None:
        """Makes room; a path that was known may lead elsewhere afterwards."""
        if type_of(base, parent) in (stat.S_IFDIR, stat.S_IFLNK):
            self._root.forget()
        remove(parent, base)
