"""Looking at the tree of a snapshot: what it takes of the disk, and a fingerprint of its metadata."""

from __future__ import annotations

import hashlib
import os
import stat

from tiffin.image.snapshots.protocol import Usage

BLOCK = 512  # what st_blocks counts in (stat(2))


def measured(folder: str) -> tuple[Usage, str]:
    """The usage of a tree, and the digest of the names, types, modes, owners, sizes and times in it.

    The contents of files are not read. Hard links count once, the folder itself counts. Raises OSError.
    """
    seen: set[tuple[int, int]] = set()
    digest = hashlib.sha256()
    size = 0
    folders = [folder]
    size += _add(folder, os.lstat(folder), "", seen, digest)
    while folders:
        path = folders.pop()
        with os.scandir(path) as entries:
            for entry in sorted(entries, key=_name):
                status = entry.stat(follow_symlinks=False)
                size += _add(entry.path, status, entry.path[len(folder) :], seen, digest)
                if stat.S_ISDIR(status.st_mode):
                    folders.append(entry.path)
    return Usage(size, len(seen)), f"sha256:{digest.hexdigest()}"


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _add(
    path: str, status: os.stat_result, name: str, seen: set[tuple[int, int]], digest: hashlib._Hash
) -> int:
    """Takes one file into the fingerprint; the bytes that it adds to the usage."""
    directory = stat.S_ISDIR(status.st_mode)
    length = 0 if directory else status.st_size  # that of a directory is the file system's business
    link = os.readlink(path) if stat.S_ISLNK(status.st_mode) else ""
    facts = (status.st_mode, status.st_uid, status.st_gid, length, status.st_mtime_ns, status.st_rdev)
    digest.update(f"{name}\0{facts}{link}\0".encode(errors="surrogateescape"))
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return 0
    seen.add(identity)
    return status.st_blocks * BLOCK
