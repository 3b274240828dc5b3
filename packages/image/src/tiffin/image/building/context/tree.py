"""`SourceTree`: a folder that is read as if it were `/`; nothing outside of it is ever reached through links."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from errno import ELOOP

from tiffin.image.errors import NotFound
from tiffin.image.layers.root import DIRECTORY, MOST_LINKS, Root
from tiffin.runtime.record import Record

from .ignore import Ignored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from .ignore import Matches

    _Pending = tuple["Item", Matches | None, Matches | None]

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Item(Record):
    """Something in a tree. path: relative to its root, without links on the way; "" is the root itself."""

    path: str
    status: os.stat_result

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory, no link to one."""
        return stat.S_ISDIR(self.status.st_mode)


class SourceTree:
    """A folder, without what is left out. Use it in a `with` statement, in one thread.

    Args:
        name: for messages.
    """

    def __init__(self, folder: str, ignored: Ignored | None = None, *, name: str = "the context") -> None:
        self.name = name
        self.ignored = ignored or Ignored()
        self._root = Root(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._root.close()

    @contextmanager
    def open(self, path: str, flags: int = READ) -> Iterator[int]:
        """A descriptor of something whose path has no links. Raises OSError."""
        descriptor = self._root.open(os.fsencode(path or "."), flags)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def folder_of(self, path: str) -> Iterator[tuple[int, str]]:
        """The folder that something is in, opened, and its name there."""
        above, _, name = path.rpartition("/")
        with self.open(above, DIRECTORY) as descriptor:
            yield descriptor, name or "."

    def find(self, path: str, *, follow: bool = True) -> Item | None:
        """What is at a path; None if nothing is, or it is left out, or a link on the way is.

        Args:
            path: `..` ends at the root; links are followed inside of it.
            follow: the last part too.
        """
        walked: list[str] = []
        left = path.split("/")[::-1]
        links = 0
        status = self._stat("")
        while left:
            part = left.pop()
            if part == "..":
                del walked[-1:]
            if part in ("", ".", ".."):
                continue
            here = "/".join([*walked, part])
            status = self._stat(here) if stat.S_ISDIR(self._mode("/".join(walked))) else None
            if status is None:
                return None
            if stat.S_ISLNK(status.st_mode) and (follow or any(name not in ("", ".") for name in left)):
                links += 1
                if links > MOST_LINKS:
                    raise OSError(ELOOP, os.strerror(ELOOP), path)
                if self.ignored.judge(here)[0]:
                    return None
                self._follow(here, walked, left)
            else:
                walked.append(part)
        return self._unless_ignored("/".join(walked))

    def _unless_ignored(self, path: str) -> Item | None:
        status = self._stat(path)
        if status is None:
            return None
        item = Item(path, status)
        if not path or not self.ignored.judge(path)[0]:
            return item
        return item if item.is_directory and any(True for _ in self.walk(path)) else None

    def _follow(self, link: str, walked: list[str], left: list[str]) -> None:
        with self.folder_of(link) as (folder, name):
            target = os.readlink(name, dir_fd=folder)
        if target.startswith("/"):
            walked.clear()
        left.extend(target.split("/")[::-1])

    def _mode(self, path: str) -> int:
        status = self._stat(path)
        return 0 if status is None else status.st_mode

    def _stat(self, path: str) -> os.stat_result | None:
        try:
            with self.folder_of(path) as (folder, name):
                return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def walk(self, path: str, excluded: Ignored | None = None) -> Iterator[Item]:
        """Everything in a directory and below, directories before what is in them, by name.

        A directory that is left out comes only if something in it does not.

        Args:
            path: of the directory, as `Item` has it; it does not come itself.
            excluded: patterns relative to this directory that leave out more.
        """
        waiting: list[Item] = []  # directories that are left out, and may be needed yet
        for item, kept in self._visited(path, excluded or Ignored()):
            while waiting and not item.path.startswith(f"{waiting[-1].path}/"):
                waiting.pop()
            if kept:
                yield from waiting
                waiting.clear()
                yield item
            else:
                waiting.append(item)

    def _visited(self, start: str, excluded: Ignored) -> Iterator[tuple[Item, bool]]:
        """What `walk` looks at: each item that stays, and directories that do not but have something that may."""
        above = self.ignored.judge(start)[1] if start else None
        pending: list[_Pending] = [(item, above, None) for item in self.items(start)[::-1]]
        while pending:
            item, over, excluded_over = pending.pop()
            relative = item.path[len(start) + 1 :] if start else item.path
            hidden, matches = self.ignored.judge(item.path, over)
            out, more = excluded.judge(relative, excluded_over)
            if hidden or out:
                nothing = (hidden and self.ignored.hides_all_below(item.path)) or (
                    out and excluded.hides_all_below(relative)
                )
                if nothing or not item.is_directory:
                    continue
            yield item, not (hidden or out)
            if item.is_directory:
                pending += [(inner, matches, more) for inner in self.items(item.path)[::-1]]

    def hidden(self, path: str) -> Iterator[str]:
        """What in a directory, at any depth, is left out; of a directory that is left out as a whole only itself."""
        if not self.ignored:
            return
        pending = [(item, self.ignored.judge(path)[1] if path else None) for item in self.items(path)]
        while pending:
            item, above = pending.pop()
            hidden, matches = self.ignored.judge(item.path, above)
            inside = item.is_directory and not (hidden and self.ignored.hides_all_below(item.path))
            if inside and hidden:
                inside = any(True for _ in self.walk(item.path))
            if inside:
                pending += [(inner, matches) for inner in self.items(item.path)]
            elif hidden:
                yield item.path

    def items(self, path: str) -> list[Item]:
        """What is in a directory, left out or not, by name; sockets never. Raises NotFound."""
        start = f"{path}/" if path else ""
        found = []
        try:
            with self.open(path, DIRECTORY | os.O_NOFOLLOW) as descriptor, os.scandir(descriptor) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):  # it went away just now
                        status = entry.stat(follow_symlinks=False)
                        if not stat.S_ISSOCK(status.st_mode):
                            found.append(Item(start + entry.name, status))
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"{self.name} has no directory {path!r}") from None
        return sorted(found, key=lambda item: item.path)
