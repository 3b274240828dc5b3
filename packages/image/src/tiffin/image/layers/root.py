"""`Root`: a directory that is written to as if it were `/`.

Every directory below it is opened by the kernel with openat2(RESOLVE_IN_ROOT): no mixture of symbolic links and
`..` leads out of it. Files are then made in the opened directory by their last name, which is never followed.
"""

from __future__ import annotations

import os
from errno import EINVAL, ELOOP, ENAMETOOLONG, ENOSYS, ENOTDIR, EPERM
from types import TracebackType
from typing import Self

from tiffin.image.errors import InvalidImage
from tiffin.image.kernel import RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, openat2

from .resolve import open_in_root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
CACHED_DIRECTORIES = 64
MOST_LINKS = 40  # the kernel's own limit (path_resolution(7))


class Root:
    """An opened root directory, with the directories below it that were used last kept open.

    Use it in a `with` statement. Forget the kept ones (`forget`) whenever a directory or a link was removed.
    `when_made` is called with the path and the descriptor of each directory that was made since it was missing;
    before that `when_missing`, with the directory that it will be in and its name: whether it is there now.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.descriptor = os.open(path, DIRECTORY)
        self._open: dict[bytes, int] = {}
        self._stale: list[int] = []
        self._inodes: dict[int, int] = {}  # by descriptor
        self.when_made: Callable[[bytes, int], None] | None = None
        self.when_missing: Callable[[int, bytes], bool] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes every descriptor; the root cannot be used any more."""
        self.rest()
        os.close(self.descriptor)

    def forget(self) -> None:
        """Drops the kept directories, because a path may now lead elsewhere."""
        self._stale.extend(self._open.values())
        self._open.clear()

    def rest(self) -> None:
        """Closes all but the root itself, which can still be used."""
        self.forget()
        self._close_stale()

    def _close_stale(self) -> None:
        while self._stale:
            descriptor = self._stale.pop()
            self._inodes.pop(descriptor, None)
            os.close(descriptor)

    def directory(self, path: bytes, *, create: bool = False) -> int:
        """The descriptor of a directory; it belongs to the root, and stays open until the next call.

        Args:
            path: relative to the root; links in it are followed inside the root.
            create: make what is missing, with mode 0755 (image-spec leaves implied directories open).

        Raises:
            InvalidImage: if something on the way is no directory, or links lead in a circle.
            FileNotFoundError: if it is missing, and `create` is not set.
        """
        if not path:
            return self.descriptor
        self._close_stale()
        known = self._open.pop(path, None)
        if known is None:
            known = self._create(path, MOST_LINKS) if create else self._resolve(path)
            self._make_room()
        self._open[path] = known
        return known

    def keep(self, path: bytes, descriptor: int) -> None:
        """Takes over the descriptor of the directory that `path` leads to now; it is closed here."""
        if path in self._open or not path:
            self._stale.append(descriptor)
        else:
            self._make_room()
            self._open[path] = descriptor

    def _make_room(self) -> None:
        if len(self._open) >= CACHED_DIRECTORIES:
            self._stale.append(self._open.pop(next(iter(self._open))))

    def inode(self, descriptor: int) -> int:
        """The inode of a directory that `directory` returned last."""
        known = self._inodes.get(descriptor)
        if known is None:
            known = self._inodes[descriptor] = os.fstat(descriptor).st_ino
        return known

    def open(self, path: bytes, flags: int) -> int:
        """A new descriptor of anything in the root; the last name is followed too, inside the root.

        Raises:
            OSError: as openat2(2).
        """
        try:
            return openat2(self.descriptor, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
        except OSError as error:
            if error.errno not in (ENOSYS, EPERM):  # EPERM: Docker's seccomp filter of before 2020
                raise
            return open_in_root(self.descriptor, path, flags)

    def path_of(self, descriptor: int, base: bytes = b"") -> bytes:
        """The path of an open directory below the root, or of a file in it, without links and dots. Raises OSError."""
        top, path = (os.readlink(b"/proc/self/fd/%d" % each) for each in (self.descriptor, descriptor))
        return b"/".join(filter(None, (path[len(top) :].strip(b"/"), base)))

    def _resolve(self, path: bytes) -> int:
        try:
            return self.open(path, DIRECTORY)
        except OSError as error:
            if error.errno in (ENOTDIR, ELOOP, ENAMETOOLONG):
                raise InvalidImage(f"{os.fsdecode(path)!r} in the layer: {error.strerror}") from error
            raise

    def _existing(self, path: bytes) -> int | None:
        """Opens a directory; None if it or one on the way is missing, or something else is in its place."""
        try:
            return self.open(path, DIRECTORY)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno in (ELOOP, ENAMETOOLONG):
                raise InvalidImage(f"{os.fsdecode(path)!r} in the layer: {error.strerror}") from error
            raise

    def _create(self, path: bytes, links: int) -> int:
        """Opens a directory after making it, its parents, and what dangling links on the way point to."""
        found = self._existing(path)
        if found is not None:
            return found
        parts = path.split(b"/")
        descriptor = os.dup(self.descriptor)
        for depth in range(1, len(parts) + 1):
            above = descriptor
            try:
                descriptor = self._enter(above, b"/".join(parts[:depth]), links)
            finally:
                os.close(above)
        return descriptor

    def _enter(self, parent: int, path: bytes, links: int) -> int:
        """Opens one directory, or makes it in `parent`, which is the directory that `path` lies in."""
        found = self._existing(path)
        if found is not None:
            return found
        above, _, name = path.rpartition(b"/")
        if self.when_missing is not None and self.when_missing(parent, name):
            return self._resolve(path)
        try:
            os.mkdir(name, 0o755, dir_fd=parent)
            if self.when_made is not None:
                self._tell(path)
        except FileExistsError:
            self._make_target(parent, name, above, links)
        return self._resolve(path)

    def _make_target(self, parent: int, name: bytes, above: bytes, links: int) -> None:
        """Makes what a link points to that leads nowhere; a file is left as it is, and in the way."""
        try:
            target = os.readlink(name, dir_fd=parent)
        except OSError as error:
            if error.errno != EINVAL:
                raise
            return
        if links == 0:
            raise InvalidImage(f"{os.fsdecode(name)!r} in the layer: too many links that lead nowhere")
        start = b"" if target.startswith(b"/") else above + b"/"
        os.close(self._create((start + target).strip(b"/"), links - 1))

    def _tell(self, path: bytes) -> None:
        descriptor = self._resolve(path)
        try:
            if self.when_made is not None:
                self.when_made(path, descriptor)
        finally:
            os.close(descriptor)
