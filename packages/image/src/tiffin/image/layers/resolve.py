"""What openat2(RESOLVE_IN_ROOT) does, step by step, for kernels before 5.6 and filters that forbid it.

Nobody else may change the tree meanwhile: the kernel alone can be safe from a race with a rename.
"""

from __future__ import annotations

import os
import stat
from errno import ELOOP

MOST_LINKS = 40  # the kernel's own limit (path_resolution(7))
STEP = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def open_in_root(root: int, path: bytes, flags: int) -> int:
    """Opens `path` as if the directory `root` were `/`; the last name is followed unless O_NOFOLLOW is among `flags`.

    Raises:
        OSError: as open(2); ELOOP for more than 40 links.
    """
    walked = [
        os.dup(root)
    ]  # the directories from the root down to where we are, so that `..` needs no lookup
    try:
        return _walk(walked, path.split(b"/")[::-1], flags)
    finally:
        for descriptor in walked:
            os.close(descriptor)


def _walk(walked: list[int], left: list[bytes], flags: int) -> int:
    links = 0
    while left:
        part = left.pop()
        if part == b"..":
            if len(walked) > 1:
                os.close(walked.pop())
            continue
        if part in (b"", b"."):
            continue
        last = not any(name not in (b"", b".") for name in left)
        step = os.open(part, STEP, dir_fd=walked[-1])
        if stat.S_ISLNK(os.fstat(step).st_mode) and not (last and flags & os.O_NOFOLLOW):
            os.close(step)
            links += 1
            if links > MOST_LINKS:
                raise OSError(ELOOP, os.strerror(ELOOP), os.fsdecode(part))
            _follow(walked, left, os.readlink(part, dir_fd=walked[-1]))
        elif last:
            os.close(step)
            return os.open(part, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=walked[-1])
        else:
            walked.append(step)
    return os.open(b".", flags | os.O_CLOEXEC, dir_fd=walked[-1])


def _follow(walked: list[int], left: list[bytes], target: bytes) -> None:
    """Goes on with the target of a link; an absolute one starts at the root again."""
    if target.startswith(b"/"):
        while len(walked) > 1:
            os.close(walked.pop())
    left.extend(target.split(b"/")[::-1])
