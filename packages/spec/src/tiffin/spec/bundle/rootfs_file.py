"""Reads a file of a root file system that nobody trusts: its links may point anywhere, its files may be anything.

A path is walked part by part, relative to a descriptor of the directory reached so far, with every link followed by
hand: an absolute one starts again at the root, `..` stops there. So no link leads outside, and none can be swapped
in between. (openat2 would do it in one call, but needs a kernel of 5.6 and privileges that a reader may not have.)
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import ExitStack
from pathlib import Path

SIZE_LIMIT = 16 * 1024 * 1024
LINK_LIMIT = 40  # as the kernel's MAXSYMLINKS

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def read_rootfs_file(rootfs: Path | str, path: str, *, size_limit: int = SIZE_LIMIT) -> bytes | None:
    """The content of `path` inside of `rootfs`; None if there is no such file.

    Raises OSError: ELOOP for too many links, EINVAL for what is no regular file, EFBIG for more than `size_limit`
    bytes.
    """
    with ExitStack() as stack:
        root = os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, root)
        found = _open_inside(root, path, stack)
        return None if found is None else _read(found, path, size_limit)


def _open_inside(root: int, path: str, stack: ExitStack) -> int | None:
    """An O_PATH descriptor of the last part of `path`, which is no link; None if a part is missing."""
    parts = _parts(path)
    directories = [root]  # from the root to where we are, so that .. needs no trust in the file system
    links = 0
    while parts:
        part = parts.pop()
        if part == "..":
            if len(directories) > 1:
                directories.pop()
            continue
        try:
            found = os.open(part, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directories[-1])
        except (FileNotFoundError, NotADirectoryError):
            return None
        stack.callback(os.close, found)
        mode = os.fstat(found).st_mode
        if stat.S_ISLNK(mode):
            links += 1
            if links > LINK_LIMIT:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
            target = os.readlink("", dir_fd=found)
            if target.startswith("/"):
                directories = [root]
            parts += _parts(target)
        elif not parts:
            return found
        elif stat.S_ISDIR(mode):
            directories.append(found)
        else:
            return None
    return directories[-1]


def _parts(path: str) -> list[str]:
    """The parts of a path, the first one last, so that they can be popped."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _read(found: int, path: str, size_limit: int) -> bytes:
    """Reads through /proc/self/fd, which opens the very file that the descriptor stands for."""
    if not stat.S_ISREG(os.fstat(found).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)
    with open(f"/proc/self/fd/{found}", "rb") as file:
        content = file.read(size_limit + 1)
    if len(content) > size_limit:
        raise OSError(errno.EFBIG, f"larger than {size_limit} bytes", path)
    return content
