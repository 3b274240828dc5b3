"""The folder of one container: claimed under its name, locked by the `tiffin run` that attends to it, and removed.

<store>/containers/<name>/lock            held while its `tiffin run` lives
                         /container.json  what it is
                         /config.json     the OCI config
                         /rootfs upper work volumes hosts hostname resolv.conf
                         /monitor log      of one in the background
<store>/containers/.lock                  held for short by everybody who makes, looks for or removes one
"""

from __future__ import annotations

import os
from errno import ENOENT, ENOTEMPTY

from tiffin.cli.failure import CommandFailed
from tiffin.image.store.containers import all_folders
from tiffin.image.store.lock import Lock, acquire

NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")
MOST_LENGTH = 128
REMOVED = ".removed-"


class ContainerFolder:
    """A claimed folder, and the lock on it."""

    def __init__(self, path: str, lock: Lock) -> None:
        self.path = path
        self._lock = lock

    def file(self, name: str) -> str:
        """The path of something in it."""
        return os.path.join(self.path, name)

    def release(self) -> None:
        """Lets go of the lock; the folder stays."""
        self._lock.release()

    def remove(self) -> None:
        """Takes the name away, which is free at once, and lets go of the lock; `remove_leftovers` does the rest."""
        above, name = os.path.split(self.path)
        os.rename(self.path, os.path.join(above, f"{REMOVED}{name}-{os.getpid()}-{os.urandom(4).hex()}"))
        self._lock.release()


def check_name(name: str) -> None:
    """Raises CommandFailed for a name that no container may have."""
    if not name or set(name) - NAME_CHARACTERS or not name[0].isalnum() or len(name) > MOST_LENGTH:
        raise CommandFailed(
            f"{name!r} is no name of a container: letters, digits, '_', '.' and '-', a letter or a digit first"
        )


def claim(containers: str, name: str) -> ContainerFolder:
    """Makes the folder of a new container.

    Raises:
        CommandFailed: if the name is taken.
    """
    path = os.path.join(containers, name)
    with all_folders(containers):
        try:
            os.mkdir(path, 0o711)
        except FileExistsError:
            raise CommandFailed(
                f"the name {name!r} is in use (`tiffin rm {name}` removes that container)"
            ) from None
        lock = acquire(os.path.join(path, "lock"))
    if lock is None:
        raise AssertionError("a lock that was waited for is held")
    return ContainerFolder(path, lock)


def take(containers: str, name: str) -> ContainerFolder | None:
    """The folder of a container that no `tiffin run` attends to; None if one does, or it is gone.

    Only within `all_folders`: so whoever finds a folder locked knows that it is a `tiffin run` that holds it.
    """
    path = os.path.join(containers, name)
    try:
        lock = acquire(os.path.join(path, "lock"), wait=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return None if lock is None else ContainerFolder(path, lock)


def remove_leftovers(containers: str) -> None:
    """Removes what is in folders that have lost their name; a removal that was killed is finished here too."""
    for name in os.listdir(containers):
        if name.startswith(REMOVED):
            remove_folder(os.path.join(containers, name))


def remove_folder(path: str) -> None:
    """Removes a folder of the store, with trees of any depth and whatever their modes.

    Somebody else may be removing it at the same time: then both go on until it is gone.
    """
    from tiffin.image.layers.removal import remove

    above, name = os.path.split(path)
    parent = os.open(above, os.O_RDONLY | os.O_DIRECTORY)
    try:
        while os.path.lexists(path):
            try:
                remove(parent, os.fsencode(name))
            except OSError as error:
                if error.errno not in (ENOENT, ENOTEMPTY):
                    raise
    finally:
        os.close(parent)
