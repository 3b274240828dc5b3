"""`put`: a file to its place in a folder where somebody may be at work, so that nobody sees half of it."""

from __future__ import annotations

import os
from contextlib import suppress

from tiffin.cli.failure import CommandFailed
from tiffin.image.layers.root import DIRECTORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Opened:
    """Closes a descriptor at the end of a `with` statement."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def put(target: int, wanted: bytes, shown: str, name: bytes, make: Callable[[int], None]) -> None:
    """Has a file made in a new folder, and renames it from there.

    Args:
        target: descriptor of the folder. wanted: the name there. shown: what the user called the target.
        make: makes it in the open folder that it gets, where it is called `name`.

    Raises:
        CommandFailed: a folder is in its place, or nothing can be made there. OSError.
    """
    partial = b".tiffin-cp-" + os.urandom(6).hex().encode()
    try:
        os.mkdir(partial, 0o700, dir_fd=target)
    except OSError as error:  # a read-only file system, /proc
        raise CommandFailed(f"{shown} cannot be made: {error.strerror}") from error
    try:
        with Opened(os.open(partial, DIRECTORY | os.O_NOFOLLOW, dir_fd=target)) as folder:
            try:
                make(folder)
                os.rename(name, wanted, src_dir_fd=folder, dst_dir_fd=target)
            except IsADirectoryError as error:
                raise CommandFailed(f"{shown}: a file cannot replace a folder") from error
            finally:
                with suppress(
                    FileNotFoundError
                ):  # it is there after a rename too, over another name of its file
                    os.unlink(name, dir_fd=folder)
    finally:
        os.rmdir(partial, dir_fd=target)
