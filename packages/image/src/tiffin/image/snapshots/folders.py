"""`Folders`: the directories of snapshots. What a kill left in them is told from what somebody is making by locks.

<root>/snapshots/<id>    one that has a row, or, after a kill, nearly had one
                 new-*   being made; locked (flock) by who makes it
                 rm-*    being removed; locked by who removes it
                 was-<id>-*   a damaged one that was made anew; it goes once nobody has mounted it
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager

from tiffin.image.durable import make_folder
from tiffin.image.errors import Unavailable
from tiffin.image.layers.removal import remove
from tiffin.runtime.state.files import synchronize

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

MOST_ATTEMPTS = 100


class Folders:
    """The folder `snapshots` below `root`, which is made if it is missing. Raises OSError."""

    def __init__(self, root: str) -> None:
        self.root = os.path.join(os.path.abspath(root), "snapshots")
        if not os.path.isdir(self.root):
            make_folder(os.path.dirname(self.root))
            make_folder(self.root, 0o700)

    def path(self, number: int) -> str:
        """Where a snapshot is."""
        return os.path.join(self.root, str(number))

    @contextmanager
    def new(self) -> Iterator[str]:
        """An empty, locked folder with mode 0700; it is removed at the end, unless `adopt` gave it another name."""
        path, lock = self._locked()
        try:
            yield path
        finally:
            try:
                self._remove(os.path.basename(path))
            finally:
                os.close(lock)

    def _locked(self) -> tuple[str, int]:
        for _ in range(MOST_ATTEMPTS):
            path = os.path.join(self.root, f"new-{os.urandom(8).hex()}")
            os.mkdir(path, 0o700)
            lock = self._try_lock(os.path.basename(path))
            if lock is not None:
                return path, lock
        raise Unavailable(f"new folders in {self.root!r} are taken away before they can be used")

    def adopt(self, path: str, number: int) -> None:
        """Gives a new folder its final name; the caller holds the write lock of the database. Raises OSError."""
        if os.path.lexists(self.path(number)):  # of a process that was killed before it could commit this id
            self._put_aside(str(number))
        os.rename(path, self.path(number))
        synchronize(self.root)

    def replace(self, path: str, number: int, undo: ExitStack) -> None:
        """Gives a new folder the name of a damaged one, as `adopt`. undo: brings the damaged one back."""
        place = self.path(number)
        if os.path.lexists(place):
            aside = os.path.join(self.root, f"was-{number}-{os.urandom(4).hex()}")
            os.rename(place, aside)
            undo.callback(os.rename, aside, place)
        os.rename(path, place)
        undo.callback(os.rename, place, path)
        synchronize(self.root)

    def discard(self, number: int) -> None:
        """Removes a snapshot's folder, once its row is gone for good; a missing one is fine. Raises OSError."""
        try:
            aside = self._put_aside(str(number))
        except FileNotFoundError:
            return
        self._remove_unlocked(aside)  # a collection may be at it already

    def suspects(self, known: set[int]) -> list[str]:
        """The names of what may have no row: one that was made just now is among them."""
        names = sorted(os.listdir(self.root))
        return [name for name in names if not (name.isdecimal() and int(name) in known)]

    def unknown(self, names: list[str], known: set[int]) -> list[str]:
        """Puts aside which of these has no row, under the write lock of the database; the names of what may go."""
        found, replaced = [], []
        for name in names:
            if name.isdecimal():
                if int(name) not in known:
                    found.append(self._put_aside(name))
            elif name.startswith(("new-", "rm-")):
                found.append(name)
            elif name.startswith("was-"):
                replaced.append(name)
        return found + self._unmounted(replaced)

    def _unmounted(self, names: list[str]) -> list[str]:
        """Those of the old folders of damaged snapshots that nobody has mounted."""
        from tiffin.image.snapshots.in_use import is_mounted, mount_tables  # only for collections

        tables = mount_tables() if names else set()
        return [name for name in names if not is_mounted(self.root, name.split("-")[1], name, tables)]

    def sweep(self, names: list[str]) -> None:
        """Removes what nobody has locked. Raises OSError."""
        for name in names:
            self._remove_unlocked(name)

    def _put_aside(self, name: str) -> str:
        aside = f"rm-{name}-{os.urandom(4).hex()}"
        os.rename(os.path.join(self.root, name), os.path.join(self.root, aside))
        return aside

    def _remove_unlocked(self, name: str) -> None:
        lock = self._try_lock(name)
        if lock is not None:
            try:
                self._remove(name)
            finally:
                os.close(lock)

    def _try_lock(self, name: str) -> int | None:
        """A locked descriptor; None if somebody else has it, or it is gone."""
        path = os.path.join(self.root, name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.stat(path), os.fstat(descriptor)):
                return descriptor
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(descriptor)
        return None

    def _remove(self, name: str) -> None:
        parent = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            remove(parent, os.fsencode(name))
        finally:
            os.close(parent)
