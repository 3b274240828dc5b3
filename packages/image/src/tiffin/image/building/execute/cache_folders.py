"""`CacheFolders`: the folders of `RUN --mount=type=cache`, which stay from build to build.

<root>/build/folders/<digest of the id>[-N]/data, and beside it the file `lock`: exclusive while a command has it with
`sharing=locked` or `private`, shared for the others.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from itertools import count

from tiffin.image.building.dockerfile.error import Problem
from tiffin.image.building.trees import source_of
from tiffin.image.digest import digest_of
from tiffin.image.layers.removal import remove
from tiffin.image.layers.root import Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.image.building.stages.steps import RunMount
    from tiffin.image.building.trees import Trees


class CacheFolders:
    """Args: folder: where they are."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @contextmanager
    def opened(self, mount: RunMount, trees: Trees) -> Iterator[str]:
        """The folder of a mount, locked as it says. A new one starts with what `from` and `source` name."""
        name = digest_of((mount.get("id") or mount.get("target")).encode()).partition(":")[2]
        sharing = mount.get("sharing", "shared")
        numbers = count() if sharing == "private" else (0,)
        for number in numbers:
            path = os.path.join(self._folder, name if number == 0 else f"{name}-{number}")
            os.makedirs(path, mode=0o700, exist_ok=True)
            lock = _lock(os.path.join(path, "lock"), sharing)
            if lock is None:
                continue
            try:
                yield self._filled(path, mount, trees)
            finally:
                os.close(lock)
            return

    def remove(self) -> int:
        """Removes all that no command has just now; how many. Raises OSError."""
        removed = 0
        for name in sorted(os.listdir(self._folder)) if os.path.isdir(self._folder) else ():
            path = os.path.join(self._folder, name)
            lock = _lock(os.path.join(path, "lock"), "private")
            if lock is None:
                continue
            try:
                parent = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                try:
                    for inner in os.listdir(path):
                        if inner != "lock":
                            remove(parent, os.fsencode(inner))
                finally:
                    os.close(parent)
                removed += 1
            finally:
                os.close(lock)
        return removed

    def _filled(self, path: str, mount: RunMount, trees: Trees) -> str:
        """The folder itself, made if it is missing; it appears only when it is whole."""
        data = os.path.join(path, "data")
        if os.path.isdir(data):
            return data
        partial = os.path.join(path, f"new-{os.urandom(8).hex()}")
        os.mkdir(partial)
        if mount.origin is not None:
            _copy(mount, trees, partial)
        try:
            os.chmod(partial, int(mount.get("mode", "0755"), 8))
            os.chown(partial, int(mount.get("uid", "0")), int(mount.get("gid", "0")))
        except ValueError:
            raise Problem("--mount: mode, uid and gid must be numbers") from None
        try:
            os.rename(partial, data)
        except OSError:  # another command with `sharing=shared` was faster
            if not os.path.isdir(data):
                raise
        return data


def _lock(path: str, sharing: str) -> int | None:
    """A locked descriptor; None if a private folder is in use."""
    kinds = {"locked": fcntl.LOCK_EX, "private": fcntl.LOCK_EX | fcntl.LOCK_NB, "shared": fcntl.LOCK_SH}
    if sharing not in kinds:
        raise Problem(f"--mount: sharing {sharing!r} is none of {', '.join(kinds)}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kinds[sharing])
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


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
