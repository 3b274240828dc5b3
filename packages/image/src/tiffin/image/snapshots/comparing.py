"""Comparing the contents of files of two trees, in places of the same name.

By two descriptors, one in each tree: a tree may be deeper than a path may be long.
"""

from __future__ import annotations

import os
import stat

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
PIECE = 1024 * 1024


def first_difference(one: str, other: str) -> str | None:
    """The path of a regular file that both trees have, with other contents; None if there is none.

    What only one of them has, and all but contents, is not looked at. Raises OSError.
    """
    pair = _Pair(one, other)
    try:
        found, folders = pair.look()
        pending = [folders]
        while pending and found is None:
            if pending[-1]:
                name = pending[-1].pop()
                pair.enter(name)
                found, folders = pair.look()
                pending.append(folders)
            else:
                pending.pop()
                if pending:
                    pair.leave()
        return None if found is None else pair.path_of(found)
    finally:
        pair.close()


class _Pair:
    """The same folder in both trees."""

    def __init__(self, one: str, other: str) -> None:
        self._path: list[bytes] = []
        self._one = os.open(one, FOLDER)
        try:
            self._other = os.open(other, FOLDER)
        except OSError:
            os.close(self._one)
            raise

    def close(self) -> None:
        """Closes both."""
        os.close(self._one)
        os.close(self._other)

    def path_of(self, name: bytes) -> str:
        """That of something in it, from the top."""
        return os.fsdecode(b"/".join([*self._path, name]))

    def enter(self, name: bytes) -> None:
        """Goes to a folder that is in both."""
        self._move(name)
        self._path.append(name)

    def leave(self) -> None:
        """Goes up."""
        self._move(b"..")
        self._path.pop()

    def _move(self, name: bytes) -> None:
        one = os.open(name, FOLDER, dir_fd=self._one)
        os.close(self._one)
        self._one = one
        other = os.open(name, FOLDER, dir_fd=self._other)
        os.close(self._other)
        self._other = other

    def look(self) -> tuple[bytes | None, list[bytes]]:
        """A file in it that differs; and the folders that are in both."""
        folders = []
        there = set(os.listdir(self._other))
        for text in sorted(there.intersection(os.listdir(self._one))):
            name = os.fsencode(text)
            kinds = {
                stat.S_IFMT(os.lstat(name, dir_fd=folder).st_mode) for folder in (self._one, self._other)
            }
            if kinds == {stat.S_IFDIR}:
                folders.append(name)
            elif kinds == {stat.S_IFREG} and self._differ(name):
                return name, []
        return None, folders[::-1]

    def _differ(self, name: bytes) -> bool:
        with (
            open(os.open(name, FILE, dir_fd=self._one), "rb", buffering=0) as one,
            open(os.open(name, FILE, dir_fd=self._other), "rb", buffering=0) as other,
        ):
            while piece := one.read(PIECE):
                if other.read(PIECE) != piece:
                    return True
            return bool(other.read(1))
