"""Paths inside a rootfs, for CRIU's keys: symbolic links are followed as a process in the container would."""

from __future__ import annotations

import errno
import os

LINKS_MAXIMUM = 40  # of the kernel, path_resolution(7)


def resolve_in_root(root: str, path: str) -> str:
    """The path as seen inside the root, with every link resolved; what does not exist is kept as it is.

    The result only names a mount (for CRIU): whoever makes or opens something uses descriptors.

    Raises:
        OSError: ELOOP.
    """
    left = [part for part in path.split("/") if part]
    done: list[str] = []
    links = 0
    while left:
        part = left.pop(0)
        if part == ".":
            continue
        if part == "..":
            del done[-1:]
            continue
        try:
            target = os.readlink("/".join([root, *done, part]))
        except OSError:  # no link, or not there
            done.append(part)
            continue
        links += 1
        if links > LINKS_MAXIMUM:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith("/"):
            done = []
        left = [piece for piece in target.split("/") if piece] + left
    return "/" + "/".join(done)
