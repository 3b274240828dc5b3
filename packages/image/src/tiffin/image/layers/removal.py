"""Removing trees of any depth by directory descriptors, without following a link and without recursion."""

from __future__ import annotations

import os
from collections.abc import Callable
from errno import EACCES, EEXIST, EISDIR, ELOOP, ENOTDIR, ENOTEMPTY, EPERM
from itertools import count

from tiffin.image.errors import InvalidImage

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
MOST_DEPTH = 256


def remove(parent: int, name: bytes) -> None:
    """Removes a file, or a directory with all that is in it; a missing one is fine."""
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in (EISDIR, EPERM):  # EPERM is what POSIX has for a directory
            raise
        _empty(parent, name)
        os.rmdir(name, dir_fd=parent)


def empty(folder: str) -> None:
    """Removes all that is in a directory, which stays. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in os.listdir(descriptor):
            remove(descriptor, os.fsencode(name))
    finally:
        os.close(descriptor)


def _empty(parent: int, name: bytes) -> None:
    """Takes everything out of a directory.

    Subdirectories of a subdirectory are first moved up, so that the depth of a hostile tree costs neither
    stack nor descriptors.
    """
    top = _open(parent, name)
    numbers = count()
    try:
        while names := [entry.name for entry in os.scandir(top)]:
            for child in map(os.fsencode, names):
                if not _unlinked(top, child):
                    _lift(top, child, numbers)
                    os.rmdir(child, dir_fd=top)
    finally:
        os.close(top)


def _lift(top: int, name: bytes, numbers: count[int]) -> None:
    """Removes the files of a directory, and moves its directories up into `top`."""
    directory = _open(top, name)
    try:
        for child in [os.fsencode(entry.name) for entry in os.scandir(directory)]:
            if not _unlinked(directory, child):
                os.close(_open(directory, child))  # a directory is moved only where its mode allows it
                _rename(directory, child, top, numbers)
    finally:
        os.close(directory)


def _rename(source: int, name: bytes, target: int, numbers: count[int]) -> None:
    for number in numbers:
        try:
            return os.rename(name, b".removed-%d" % number, src_dir_fd=source, dst_dir_fd=target)
        except OSError as error:
            if error.errno not in (EEXIST, ENOTEMPTY, ENOTDIR):
                raise
    raise AssertionError("the count never ends")


def _unlinked(parent: int, name: bytes) -> bool:
    """Removes what is no directory; tells whether it did."""
    try:
        os.unlink(name, dir_fd=parent)
    except OSError as error:
        if error.errno in (EISDIR, EPERM):
            return False
        raise
    return True


def _open(parent: int, name: bytes) -> int:
    """Opens a directory so that its entries can be removed, whatever its mode says."""
    try:
        descriptor = os.open(name, DIRECTORY, dir_fd=parent)
    except OSError as error:
        if error.errno != EACCES:
            raise
        os.chmod(name, 0o700, dir_fd=parent)
        descriptor = os.open(name, DIRECTORY, dir_fd=parent)
    if os.fstat(descriptor).st_mode & 0o700 != 0o700 and os.geteuid() != 0:
        os.fchmod(descriptor, 0o700)
    return descriptor


def remove_older(directory: int, is_new: Callable[[int, bytes], bool], depth: int = 0) -> bool:
    """Removes everything in a directory but what `is_new` says that this layer brought.

    Args:
        directory: an open directory.
        is_new: called with the inode of the directory and the name of an entry.
        depth: how deep this is below the first call.

    Returns:
        whether anything was kept.

    Raises:
        InvalidImage: if the tree is deeper than 256 directories.
    """
    if depth > MOST_DEPTH:
        raise InvalidImage(
            f"a whiteout in the layer covers a tree that is deeper than {MOST_DEPTH} directories"
        )
    inode = os.fstat(directory).st_ino
    kept = False
    for entry in list(os.scandir(directory)):
        name = os.fsencode(entry.name)
        kept = _keep_or_remove(directory, name, is_new, depth, new=is_new(inode, name)) or kept
    return kept


def _keep_or_remove(
    parent: int, name: bytes, is_new: Callable[[int, bytes], bool], depth: int, *, new: bool
) -> bool:
    """Handles one entry of `remove_older`: directories are looked into, since what is in them may be new."""
    try:
        descriptor = os.open(name, DIRECTORY, dir_fd=parent)
    except OSError as error:
        if error.errno not in (ENOTDIR, ELOOP):  # ELOOP: a symbolic link
            raise
        if not new:
            os.unlink(name, dir_fd=parent)
        return new
    try:
        kept = remove_older(descriptor, is_new, depth + 1)
    finally:
        os.close(descriptor)
    if not kept and not new:
        os.rmdir(name, dir_fd=parent)
    return kept or new
