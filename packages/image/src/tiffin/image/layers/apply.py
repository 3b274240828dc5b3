"""Applying a layer to a root file system: image-spec `layer.md`, "Applying Changesets"."""

from __future__ import annotations

import os
import stat
from collections import Counter
from tarfile import TarError, TarFile, TarInfo

from tiffin.image.errors import InvalidImage
from tiffin.image.verified import Readable

from . import names
from .archive import entries
from .attributes import Ownership, extended, mode_of, set_extended, set_owner, set_times
from .create import CREATORS
from .removal import remove, remove_older
from .root import DIRECTORY, Root


class LayerWriter:
    """Applies layers, in order, to one root.

    Args:
        root: where to.
        ownership: what becomes of the owners; device nodes are made only with `Ownership.KEEP`.

    Call `finish` after the last layer: modes and times of directories are set there, since a later entry may
    still want to write into them. `left_out` counts what this user or this file system cannot have, by what it is.
    """

    def __init__(self, root: Root, ownership: Ownership) -> None:
        self._root = root
        self._ownership = ownership
        self._directories: dict[int, tuple[bytes, TarInfo]] = {}  # by inode: a path may change its meaning
        self._new: set[tuple[int, bytes]] = set()
        self.left_out: Counter[str] = Counter()

    def apply(self, stream: Readable) -> None:
        """Applies one layer, an uncompressed tar stream.

        Raises:
            InvalidImage: if it is broken, or tries to leave the root.
            OSError: if the disk is full, or the like.
        """
        self._new.clear()
        try:
            for archive, entry in entries(stream):
                self._apply_entry(archive, entry)
        except TarError as error:  # the end of the stream in the middle of a file
            raise InvalidImage(f"the layer's tar archive is broken: {error}") from error

    def _apply_entry(self, archive: TarFile, entry: TarInfo) -> None:
        name = names.parse(entry.name)
        if name.kind is names.Kind.ENTRY:
            self._write(archive, entry, name)
        elif name.kind is not names.Kind.IGNORED:
            self._hide(name)

    def finish(self) -> None:
        """Sets what directories get last. Raises OSError if the kernel refuses."""
        for inode, (path, entry) in sorted(
            self._directories.items(), key=lambda item: item[1][0], reverse=True
        ):
            above, _, base = path.rpartition(b"/")
            try:
                parent = self._root.directory(above)
                descriptor = os.open(base or b".", DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
            except (FileNotFoundError, NotADirectoryError, InvalidImage):
                continue  # a later layer took it away
            try:
                if os.fstat(descriptor).st_ino == inode:
                    os.fchmod(descriptor, mode_of(entry))
                    set_times(entry, b".", descriptor)
            finally:
                os.close(descriptor)
        self._directories.clear()

    def _write(self, archive: TarFile, entry: TarInfo, name: names.Name) -> None:
        parent = self._root.directory(name.parent, create=True)
        if entry.isdir():
            self._write_directory(entry, name, parent)
        elif not name.base:
            raise InvalidImage(f"the layer has something else than a directory as its root ({entry.name!r})")
        elif not (entry.islnk() and self._links_to_itself(entry, name)):
            self._remove(parent, name.base)
            self._write_file(archive, entry, name.base, parent)
        self._new.add((os.fstat(parent).st_ino, name.base))

    def _write_directory(self, entry: TarInfo, name: names.Name, parent: int) -> None:
        base = name.base or b"."
        fresh = True
        try:
            os.mkdir(base, 0o700, dir_fd=parent)
        except FileExistsError:
            fresh = _mode(base, parent) != stat.S_IFDIR
            if fresh:
                self._remove(parent, base)
                os.mkdir(base, 0o700, dir_fd=parent)
        self._owned(entry, base, parent)
        descriptor = os.open(base, DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        try:
            self._extend(entry, descriptor, fresh=fresh)
            inode = os.fstat(descriptor).st_ino
        finally:
            os.close(descriptor)
        self._directories[inode] = (b"/".join(filter(None, (name.parent, name.base))), entry)

    def _write_file(self, archive: TarFile, entry: TarInfo, base: bytes, parent: int) -> None:
        creator = CREATORS.get(entry.type)
        if creator is None:
            raise InvalidImage(f"{entry.name!r} in the layer is of the unknown type {entry.type!r}")
        if entry.isdev() and not entry.isfifo() and self._ownership is not Ownership.KEEP:
            self.left_out["device nodes"] += 1
            return
        creator(archive, entry, base, parent, self._root)
        if entry.islnk():
            return  # it has what the file has that it is another name of
        self._owned(entry, base, parent)
        if not entry.issym():
            os.chmod(base, mode_of(entry), dir_fd=parent)  # it was just made, and is no link
        self._extend(entry, b"/proc/self/fd/%d/%s" % (parent, base), fresh=True)
        set_times(entry, base, parent)

    def _owned(self, entry: TarInfo, base: bytes, parent: int) -> None:
        if not set_owner(entry, base, parent, self._ownership):
            self.left_out["owners"] += 1

    def _extend(self, entry: TarInfo, path: bytes | int, *, fresh: bool) -> None:
        wanted = extended(entry)
        if wanted or not fresh:
            for attribute in set_extended(path, wanted, self._ownership, fresh=fresh):
                self.left_out[f"extended attributes {attribute}"] += 1

    def _links_to_itself(self, entry: TarInfo, name: names.Name) -> bool:
        return names.clean(entry.linkname) == b"/".join(filter(None, (name.parent, name.base)))

    def _remove(self, parent: int, base: bytes) -> None:
        """Makes room; a path that was known may lead elsewhere afterwards."""
        if _mode(base, parent) in (stat.S_IFDIR, stat.S_IFLNK):
            self._root.forget()
        remove(parent, base)

    def _hide(self, name: names.Name) -> None:
        """A whiteout, or an opaque directory: hides what lower layers have, and nothing of this layer."""
        try:
            parent = self._root.directory(name.parent)
        except FileNotFoundError:
            return
        self._root.forget()
        if name.kind is names.Kind.OPAQUE:
            remove_older(parent, self._is_new)
        elif _mode(name.base, parent) == stat.S_IFDIR:
            self._hide_directory(name.base, parent)
        elif not self._is_new(os.fstat(parent).st_ino, name.base):
            remove(parent, name.base)

    def _hide_directory(self, base: bytes, parent: int) -> None:
        descriptor = os.open(base, DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        try:
            kept = remove_older(descriptor, self._is_new)
        finally:
            os.close(descriptor)
        if not kept and not self._is_new(os.fstat(parent).st_ino, base):
            os.rmdir(base, dir_fd=parent)

    def _is_new(self, inode: int, name: bytes) -> bool:
        return (inode, name) in self._new


def _mode(base: bytes, parent: int) -> int:
    """The type of a file as in its mode, 0 if there is none."""
    try:
        return stat.S_IFMT(os.stat(base, dir_fd=parent, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return 0
