"""Copying a tree so that nobody can tell: content, holes, hard links, types, owners, modes, xattrs and times.

Only two directories are open at any depth; the source must not change meanwhile.
"""

from __future__ import annotations

import os
import stat

from tiffin.image.layers.copy_entry import EntryCopier

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class _Copy:
    """One copying: the two open directories, and what was seen of hard links (by inode: the path of the copy)."""

    def __init__(self, source: str, target: str) -> None:
        self.root = target
        self.links: dict[tuple[int, int], str] = {}
        self.copier = EntryCopier()
        self.source = os.open(source, DIRECTORY)
        self.target = os.open(target, DIRECTORY)

    def close(self) -> None:
        os.close(self.source)
        os.close(self.target)

    def enter(self, name: str) -> None:
        """Goes down, or up by `..`: nothing is renamed below us."""
        self.source = _reopened(self.source, name)
        self.target = _reopened(self.target, name)

    def finish_directory(self) -> None:
        """Attributes of a directory come last: its mode may forbid writing, and its time changes by it."""
        self.copier.copy_attributes(self.source, self.target, os.fstat(self.source))


def _reopened(directory: int, name: str) -> int:
    opened = os.open(name, DIRECTORY, dir_fd=directory)
    os.close(directory)
    return opened


def copy_tree(source: str, target: str) -> None:
    """Copies what is in `source`, and the attributes of itself, to the existing, empty directory `target`.

    Sockets are left out. Without root, devices are refused and owners become the caller. Raises OSError.
    """
    state = _Copy(source, target)
    try:
        pending: list[tuple[str, list[str]]] = [("", _copy_entries(state, ""))]
        while pending:
            path, names = pending[-1]
            if names:
                name = names.pop()
                state.enter(name)
                inner = f"{path}/{name}" if path else name
                pending.append((inner, _copy_entries(state, inner)))
            else:
                state.finish_directory()
                pending.pop()
                if pending:
                    state.enter("..")
    finally:
        state.close()


def _copy_entries(state: _Copy, path: str) -> list[str]:
    """Copies everything in the current directory but what is in its directories; the names of these."""
    directories = []
    with os.scandir(state.source) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                os.mkdir(entry.name, 0o700, dir_fd=state.target)
                directories.append(entry.name)
            else:
                _copy_entry(state, entry.name, f"{path}/{entry.name}" if path else entry.name, status)
    return directories


def _copy_entry(state: _Copy, name: str, path: str, status: os.stat_result) -> None:
    if status.st_nlink > 1 and not stat.S_ISSOCK(status.st_mode):
        first = state.links.setdefault((status.st_dev, status.st_ino), path)
        if first != path:
            _link(state, first, name)
            return
    state.copier.copy(state.source, state.target, os.fsencode(name), status)


def _link(state: _Copy, first: str, name: str) -> None:
    """Another name of what was copied, found from the top step by step: the path may be longer than PATH_MAX."""
    directory = os.open(state.root, DIRECTORY)
    try:
        *above, last = first.split("/")
        for part in above:
            directory = _reopened(directory, part)
        os.link(last, name, src_dir_fd=directory, dst_dir_fd=state.target, follow_symlinks=False)
    finally:
        os.close(directory)
