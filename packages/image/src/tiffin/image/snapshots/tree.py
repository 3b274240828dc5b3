"""Looking at the tree of a snapshot: what it takes of the disk, and a fingerprint of its metadata.

By descriptors, one at a time: a tree may be deeper than a path may be long, and than a process may have files open.
"""

from __future__ import annotations

import os
import stat

from tiffin.image.digest import new_hash
from tiffin.image.snapshots.protocol import Usage

BLOCK = 512  # what st_blocks counts in (stat(2))
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def measured(folder: str) -> tuple[Usage, str]:
    """The usage of a tree, and the digest of the names, types, modes, owners, sizes and times in it.

    The contents of files are not read. Hard links count once, the folder itself counts. Raises OSError.
    """
    tree = _Tree()
    descriptor = os.open(folder, FOLDER)
    try:
        tree.add(b".", os.fstat(descriptor), b"")
        pending = [tree.enter(descriptor)]
        while pending:
            name = pending[-1].pop() if pending[-1] else b".."
            if name == b"..":
                pending.pop()
            if not pending:
                break
            descriptor = _moved(descriptor, name)
            tree.digest.update(b"%s/" % name)
            if name != b"..":
                pending.append(tree.enter(descriptor))
    finally:
        os.close(descriptor)
    return Usage(tree.size, len(tree.seen)), f"sha256:{tree.digest.hexdigest()}"


def _moved(descriptor: int, name: bytes) -> int:
    """The folder `name` of another one, which is closed."""
    try:
        return os.open(name, FOLDER, dir_fd=descriptor)
    finally:
        os.close(descriptor)


class _Tree:
    """What was seen of a tree."""

    def __init__(self) -> None:
        self.size = 0
        self.seen: set[tuple[int, int]] = set()
        self.digest = new_hash()

    def enter(self, descriptor: int) -> list[bytes]:
        """Adds what is in a folder; the names of the folders in it, the last one first."""
        folders = []
        for name in sorted(os.listdir(descriptor)):
            status = os.lstat(name, dir_fd=descriptor)
            encoded = os.fsencode(name)
            linked = stat.S_ISLNK(status.st_mode)
            self.add(encoded, status, os.fsencode(os.readlink(name, dir_fd=descriptor)) if linked else b"")
            if stat.S_ISDIR(status.st_mode):
                folders.append(encoded)
        return folders[::-1]

    def add(self, name: bytes, status: os.stat_result, link: bytes) -> None:
        """Takes one file into the fingerprint and the usage."""
        directory = stat.S_ISDIR(status.st_mode)
        length = 0 if directory else status.st_size  # that of a directory is the file system's business
        facts = (status.st_mode, status.st_uid, status.st_gid, length, status.st_mtime_ns, status.st_rdev)
        self.digest.update(b"%s\0%s%s\0" % (name, str(facts).encode(), link))
        identity = (status.st_dev, status.st_ino)
        if identity not in self.seen:
            self.seen.add(identity)
            self.size += status.st_blocks * BLOCK
