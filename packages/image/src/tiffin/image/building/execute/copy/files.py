"""`FileCopier`: files, links and directories out of a source tree into a root, with what belongs to them."""

from __future__ import annotations

import os
import stat
from errno import EINVAL, ENOTSUP, EPERM, EXDEV

from tiffin.image.building.context.contents import xattrs_of
from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.layers.root import DIRECTORY
from tiffin.runtime.record import Record

from .owners import Owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.image.building.context.tree import Item, SourceTree
    from tiffin.image.building.dockerfile.mode import Mode
    from tiffin.image.layers.root import Root

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
BLOCK = 16 * 1024 * 1024


class Attributes(Record):
    """What copied files get in place of what they have. owner: None keeps theirs. mode: None keeps theirs."""

    owner: Owner | None
    mode: Mode | None

    def permissions(self, before: int, *, directory: bool) -> int:
        """Those of what has `before`."""
        return before if self.mode is None else self.mode.applied(before, directory=directory)


class FileCopier:
    """Copies into a root; hard links stay hard links. Call `finish` after each source: it sets times of directories."""

    def __init__(self, tree: SourceTree, root: Root, attributes: Attributes) -> None:
        self._tree = tree
        self._root = root
        self._attributes = attributes
        self._links: dict[tuple[int, int], str] = {}
        self._directories: list[tuple[str, os.stat_result]] = []

    def copy(self, item: Item, target: str) -> None:
        """Copies a file, a link or a device to a path in the root; what is there goes, unless it is a directory.

        Raises:
            Problem: a directory is in the way. OSError: as the disk says.
        """
        above, _, name = target.rpartition("/")
        parent = self._root.directory(os.fsencode(above), create=True)
        self._make_room(parent, name, target)
        identity = (item.status.st_dev, item.status.st_ino)
        first = self._links.setdefault(identity, target) if item.status.st_nlink > 1 else target
        if first != target:
            self._link(first, parent, name)
        elif stat.S_ISREG(item.status.st_mode):
            self._copy_file(item, parent, name)
        else:
            self._copy_special(item, parent, name)

    def make_directory(self, item: Item, target: str) -> None:
        """Makes a directory like one of the source; one that is there gets its attributes, too.

        Raises Problem: something else is in the way.
        """
        above, _, name = target.rpartition("/")
        parent = self._root.directory(os.fsencode(above), create=True)
        try:
            os.mkdir(name, 0o700, dir_fd=parent)
        except FileExistsError:
            if not self._is_directory(target):
                raise Problem(
                    f"{'/' + target!r} is no directory: a directory cannot be copied to it"
                ) from None
        descriptor = self._root.directory(os.fsencode(target))
        self._own(descriptor, None, item.status)
        self._set_xattrs(item, descriptor)
        os.fchmod(descriptor, self._mode(item.status))
        self._directories.append((target, item.status))

    def finish(self) -> None:
        """Sets the times of directories; what is copied afterwards is no link to what was copied before."""
        for target, status in reversed(self._directories):
            descriptor = self._root.directory(os.fsencode(target))
            os.utime(descriptor, ns=(status.st_atime_ns, status.st_mtime_ns))
        self._directories.clear()
        self._links.clear()

    def _make_room(self, parent: int, name: str, target: str) -> None:
        try:
            status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        except FileNotFoundError:
            return
        if stat.S_ISDIR(status.st_mode):
            raise Problem(f"{'/' + target!r} is a directory: a file cannot be copied over it")
        if stat.S_ISLNK(status.st_mode):
            self._root.forget()  # paths through it lead elsewhere from now on
        os.unlink(name, dir_fd=parent)

    def _is_directory(self, target: str) -> bool:
        try:
            os.close(self._root.open(os.fsencode(target), DIRECTORY))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def _link(self, first: str, parent: int, name: str) -> None:
        kept = os.dup(parent)  # asking the root for another directory may close the first
        try:
            above, _, source = first.rpartition("/")
            folder = self._root.directory(os.fsencode(above))
            os.link(source, name, src_dir_fd=folder, dst_dir_fd=kept, follow_symlinks=False)
        finally:
            os.close(kept)

    def _copy_file(self, item: Item, parent: int, name: str) -> None:
        with self._tree.open(item.path) as source:
            target = os.open(name, NEW_FILE, 0o600, dir_fd=parent)
            try:
                copy_content(source, target)
                self._own(target, None, item.status)
                self._set_xattrs(item, target)
                os.fchmod(target, self._mode(item.status))
                os.utime(target, ns=(item.status.st_atime_ns, item.status.st_mtime_ns))
            finally:
                os.close(target)

    def _copy_special(self, item: Item, parent: int, name: str) -> None:
        status = item.status
        if stat.S_ISLNK(status.st_mode):
            with self._tree.folder_of(item.path) as (folder, last):
                os.symlink(os.readlink(last, dir_fd=folder), name, dir_fd=parent)
        else:
            os.mknod(name, stat.S_IFMT(status.st_mode) | 0o600, status.st_rdev, dir_fd=parent)
        self._own(name, parent, status)
        self._set_xattrs(item, f"/proc/self/fd/{parent}/{name}")
        if not stat.S_ISLNK(status.st_mode):
            os.chmod(name, self._mode(status), dir_fd=parent)
        times = (status.st_atime_ns, status.st_mtime_ns)
        os.utime(name, ns=times, dir_fd=parent, follow_symlinks=False)

    def _mode(self, status: os.stat_result) -> int:
        before, directory = stat.S_IMODE(status.st_mode), stat.S_ISDIR(status.st_mode)
        return self._attributes.permissions(before, directory=directory)

    def _own(self, file: int | str, parent: int | None, status: os.stat_result) -> None:
        owner = self._attributes.owner or Owner(status.st_uid, status.st_gid)
        os.chown(file, owner.uid, owner.gid, dir_fd=parent, follow_symlinks=isinstance(file, int))

    def _set_xattrs(self, item: Item, target: int | str) -> None:
        for key, value in xattrs_of(self._tree, item).items():
            try:
                os.setxattr(target, key, value, follow_symlinks=isinstance(target, int))
            except OSError as error:  # this disk has none of the kind, as with any copy
                if error.errno not in (ENOTSUP, EPERM):
                    raise


def copy_content(source: int, target: int) -> None:
    """Copies all that is left to read. Raises OSError."""
    try:
        while os.copy_file_range(source, target, BLOCK):
            pass
    except OSError as error:
        if error.errno not in (EXDEV, EINVAL, ENOTSUP):
            raise
        while data := os.read(source, BLOCK):
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(target, rest) :]
