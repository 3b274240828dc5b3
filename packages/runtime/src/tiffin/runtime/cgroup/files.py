"""Reads small kernel files with no more than posix; a file that is not there is None, not an exception."""

from __future__ import annotations

import errno
import posix

CHUNK = 65536


def read_text(path: str) -> str | None:
    """The whole file; None if it does not exist, or its cgroup was removed while it was read.

    Raises:
        OSError: any other failure, such as a missing permission.
    """
    try:
        descriptor = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENODEV):
            return None
        raise
    try:
        chunks = []
        while chunk := posix.read(descriptor, CHUNK):
            chunks.append(chunk)
    except OSError as error:
        if error.errno == errno.ENODEV:
            return None
        raise
    finally:
        posix.close(descriptor)
    return b"".join(chunks).decode("utf-8", "surrogateescape")


def read_number(path: str) -> int | None:
    """The file's one number; None if there is no such file. `max` is 2**64 - 1, as runc's JSON has it."""
    text = read_text(path)
    if text is None:
        return None
    text = text.strip()
    return 2**64 - 1 if text == "max" else int(text)


def read_words(path: str) -> tuple[str, ...]:
    """The file's words; none if it does not exist."""
    return tuple((read_text(path) or "").split())


def read_pairs(path: str) -> dict[str, int] | None:
    """`key value` lines, as in memory.stat or cgroup.events; None if there is no such file."""
    text = read_text(path)
    if text is None:
        return None
    pairs = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if value.strip().isdigit():
            pairs[key] = int(value)
    return pairs


def exists(path: str) -> bool:
    """Whether there is such a file, as far as we may see."""
    return posix.access(path, posix.F_OK)


def nearest_existing(directory: str) -> str:
    """The directory itself, or the first of its parents that exists."""
    while directory and not exists(directory):
        directory = directory.rpartition("/")[0]
    return directory or "/"


def missing_levels(path: str) -> list[str]:
    """The directories to make, from the top, the path itself always among them."""
    levels = [path]
    parent = path.rpartition("/")[0]
    while parent and not exists(parent):
        levels.append(parent)
        parent = parent.rpartition("/")[0]
    levels.reverse()
    return levels
