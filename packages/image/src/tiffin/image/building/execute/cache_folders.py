"""`CacheFolders`: the folders of `RUN --mount=type=cache`, which stay from build to build.

    <root>/build/folders/<digest of the id>[-N]/
        data        what commands see; it appears when it is whole
        lock        exclusive while a command has it with `sharing=locked` or `private`, shared for the others;
                    its time is when that was last
        filling     exclusive while a new one is filled; what a killed build has left then is `new-*`

Locks are asked for again and again, as nothing else could be given up when the build is.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from itertools import count, repeat

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.execute.mount_fields import mode_of, owner_of
from tiffin.image.building.trees import source_of
from tiffin.image.digest import digest_of
from tiffin.image.layers.removal import remove
from tiffin.image.layers.root import Root
from tiffin.image.snapshots.tree import measured
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tiffin.image.building.stages.steps import RunMount
    from tiffin.image.building.trees import Trees
    from tiffin.image.store.store import Store

    Pause = Callable[[], None]
    """Waits a moment for whoever has a folder, and raises to give up."""

SHARED, PRIVATE, LOCKED = SHARINGS = ("shared", "private", "locked")
DATA, LOCK, FILLING, NEW = "data", "lock", "filling", "new-"
MODE = 0o755


class CacheFolder(Record):
    """A folder with something in it. used: when a command got it last, in nanoseconds since 1970. size: in bytes."""

    path: str
    used: int
    size: int


class CacheFolders:
    """Args: folder: where they are."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @classmethod
    def of(cls, store: Store) -> CacheFolders:
        """Those of a store."""
        return cls(os.path.join(store.root, "build", "folders"))

    @contextmanager
    def opened(self, mount: RunMount, trees: Trees, pause: Pause) -> Iterator[str]:
        """The folder of a mount, locked as it says. A new one starts with what `from` and `source` name.

        Raises:
            Problem: a field is wrong. OSError: as the disk says. And what `pause` raises.
        """
        path, lock = self._locked(
            digest_of(id_of(mount).encode()).partition(":")[2], sharing_of(mount), pause
        )
        try:
            os.utime(lock)
            yield _filled(path, mount, trees, pause)
        finally:
            os.close(lock)

    def _locked(self, name: str, sharing: str, pause: Pause) -> tuple[str, int]:
        """The path of a folder, and its lock. A private one that is in use is passed by for the next."""
        for number in count() if sharing == PRIVATE else repeat(0):
            path = os.path.join(self._folder, name if number == 0 else f"{name}-{number}")
            os.makedirs(path, mode=0o700, exist_ok=True)
            lock = _lock(os.path.join(path, LOCK), exclusive=sharing != SHARED)
            if lock is not None:
                return path, lock
            if sharing != PRIVATE:
                pause()
        raise AssertionError("there is always a next one")

    def walk(self) -> Iterator[CacheFolder]:
        """All that are not empty, by name; not one that a command is changing just now. Raises OSError."""
        for name in sorted(os.listdir(self._folder)) if os.path.isdir(self._folder) else ():
            path = os.path.join(self._folder, name)
            if not set(os.listdir(path)) - {LOCK}:
                continue
            used = os.stat(os.path.join(path, LOCK)).st_mtime_ns
            try:
                size = measured(path)[0].size
            except FileNotFoundError:  # something went away meanwhile
                continue
            yield CacheFolder(path, used, size)

    def empty(self, folder: CacheFolder) -> bool:
        """Removes what is in a folder, unless a command has it, or has had it meanwhile; whether it did.

        Raises OSError.
        """
        lock = _lock(os.path.join(folder.path, LOCK), exclusive=True)
        if lock is None:
            return False
        try:
            if os.fstat(lock).st_mtime_ns != folder.used:
                return False
            _remove_inner(folder.path, lambda name: name != LOCK)
            return True
        finally:
            os.close(lock)


def id_of(mount: RunMount) -> str:
    """The name under which a folder is found again."""
    return mount.get("id") or mount.get("target")


def sharing_of(mount: RunMount) -> str:
    """One of SHARINGS. Raises Problem."""
    sharing = mount.get("sharing", SHARED)
    if sharing not in SHARINGS:
        raise Problem(f"--mount: sharing {sharing!r} is none of {', '.join(SHARINGS)}")
    return sharing


def _lock(path: str, *, exclusive: bool) -> int | None:
    """A locked descriptor; None if somebody else has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_inner(path: str, which: Callable[[str], bool]) -> None:
    parent = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in filter(which, os.listdir(path)):
            remove(parent, os.fsencode(name))
    finally:
        os.close(parent)


def _filled(path: str, mount: RunMount, trees: Trees, pause: Pause) -> str:
    """The folder itself, made if it is missing."""
    data = os.path.join(path, DATA)
    while not os.path.isdir(data):
        filling = _lock(os.path.join(path, FILLING), exclusive=True)
        if filling is None:
            pause()
            continue
        try:
            _fill(path, mount, trees)
        finally:
            os.close(filling)
    return data


def _fill(path: str, mount: RunMount, trees: Trees) -> None:
    """Makes the folder, while nobody else does. What is half made is removed: now, or by who comes next."""
    data, made = os.path.join(path, DATA), os.path.join(path, f"{NEW}{os.urandom(8).hex()}")
    if os.path.isdir(data):
        return
    try:
        os.mkdir(made)
        _copy(mount, trees, made)
        os.chown(made, *owner_of(mount))
        os.chmod(made, mode_of(mount, MODE))
        os.rename(made, data)
    finally:
        _remove_inner(path, lambda name: name.startswith(NEW))


def _copy(mount: RunMount, trees: Trees, target: str) -> None:
    from tiffin.image.building.execute.copy.files import Attributes, FileCopier

    if mount.origin is None:
        return
    with trees.opened(mount.origin) as tree, Root(target) as root:
        start = source_of(tree, mount).item
        if not start.is_directory:
            raise Problem("--mount=type=cache: the source must be a directory")
        copier = FileCopier(tree, root, Attributes(None, None))
        length = len(start.path) + 1 if start.path else 0
        for item in tree.walk(start.path):
            copy = copier.make_directory if item.is_directory else copier.copy
            copy(item, item.path[length:])
        copier.finish()
