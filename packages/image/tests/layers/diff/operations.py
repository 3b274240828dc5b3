"""Small changes of a tree, by number, so that any list of them is one: those that cannot be are left out.

Run as a script with a folder and a JSON list, it makes them there: in a mount namespace of its own, for example.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import suppress

Operation = tuple[str, int, int, int]  # what, two names by number, and a value

NAMES = ("a", "b", "dir", "dir/a", "dir/b", "dir/sub", "dir/sub/c", "z", "z/=\n\udcff", "z/y", "z/y/x")
KINDS = (
    "file",
    "folder",
    "link",
    "hard link",
    "pipe",
    "remove",
    "move",
    "mode",
    "owner",
    "attribute",
    "time",
    "append",
)
DAY = 86_400_000_000_000


def perform(folder: str, operations: list[Operation], clock: int) -> None:
    """Makes them, in order. clock: the day on which they begin: every file gets a time of its own."""
    for number, operation in enumerate(operations):
        with suppress(OSError, shutil.Error):
            _perform(folder, operation, (clock + number) * DAY)


def _perform(folder: str, operation: Operation, time: int) -> None:
    kind, first, second, value = operation
    path, other = (os.path.join(folder, NAMES[number % len(NAMES)]) for number in (first, second))
    if kind == "file":
        with open(path, "xb") as file:
            file.write(b"%d" % value * 300)
        os.utime(path, ns=(time, time + value % 3))
    elif kind == "folder":
        os.mkdir(path, 0o700 + value % 64)
    elif kind == "link":
        os.symlink(f"{value}/../a", path)
    elif kind == "hard link":
        os.link(other, path, follow_symlinks=False)
    elif kind == "pipe":
        os.mkfifo(path, 0o600)
    elif kind == "remove":
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    elif kind == "move":
        os.rename(path, other)
    elif not os.path.islink(path):
        _change(path, kind, value, time)


def _change(path: str, kind: str, value: int, time: int) -> None:
    if kind == "mode":
        os.chmod(path, 0o700 + value % 64)
    elif kind == "owner":
        os.chown(path, value % 5, value % 7)
    elif kind == "attribute":
        os.setxattr(path, f"user.{value % 3}", b"%d" % value)
    elif kind == "time":
        os.utime(path, ns=(time, time + value % 3))
    elif kind == "append" and os.path.isfile(path):  # a pipe would wait for a reader
        with open(path, "ab") as file:
            file.write(b"more")
        os.utime(path, ns=(time, time + value % 3))


if __name__ == "__main__":
    perform(sys.argv[1], [tuple(each) for each in json.loads(sys.argv[2])], int(sys.argv[3]))
