"""Digests of what is copied: by name, type, content, mode, link target and xattrs, never by time.

The owner counts where it is copied too: out of a stage or an image, not out of a context.
"""

from __future__ import annotations

import hashlib
import os
import stat

from tiffin.image.building.dockerfile.error import Problem
from tiffin.spec.json_tree import encode

from .tree import READ, SourceTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .ignore import Ignored
    from .sources import Source
    from .tree import Item

BLOCK = 1024 * 1024
NOT_COPIED = ("security.selinux", "trusted.overlay.", "user.overlay.")


def digest_of_sources(
    tree: SourceTree,
    sources: Iterable[Source],
    excluded: Ignored | None = None,
    *,
    owners: bool,
    itself: bool = True,
) -> str:
    """One digest of several sources, with everything below those that are directories.

    Args:
        excluded: what of it is left out. owners: whether owners count.
        itself: whether a directory that is a source counts, too, and not only what is in it.

    Raises:
        OSError: if something cannot be read. Problem: for a socket.
    """
    total = hashlib.sha256()
    for source in sources:
        if not source.item.is_directory and excluded is not None and excluded.judge(source.name)[0]:
            continue
        whole = itself or not source.item.is_directory
        _add(total, source.path, digest_of_item(tree, source.item, owners=owners) if whole else "directory")
        if source.item.is_directory:
            start = len(source.item.path) + 1 if source.item.path else 0
            for item in tree.walk(source.item.path, excluded):
                relative = f"{source.path}/{item.path[start:]}"
                _add(total, relative, digest_of_item(tree, item, owners=owners))
    return f"sha256:{total.hexdigest()}"


def _add(total: hashlib._Hash, path: str, digest: str) -> None:
    total.update(f"{path}\0{digest}\0".encode(errors="surrogateescape"))


def digest_of_item(tree: SourceTree, item: Item, *, owners: bool) -> str:
    """The digest of one file, link or directory, without its name and without what is in it."""
    status = item.status
    kind = stat.S_IFMT(status.st_mode)
    facts: dict[str, object] = {"type": kind}
    if kind == stat.S_IFREG:
        facts["content"] = _content(tree, item)
    elif kind == stat.S_IFLNK:
        with tree.folder_of(item.path) as (folder, name):
            facts["target"] = os.readlink(name, dir_fd=folder).encode(errors="surrogateescape").hex()
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        facts["device"] = status.st_rdev
    elif kind == stat.S_IFSOCK:
        raise Problem(f"{item.path!r} in {tree.name} is a socket, which cannot be copied")
    if kind != stat.S_IFLNK:
        facts["mode"] = stat.S_IMODE(status.st_mode)
    if owners:
        facts["owner"] = [status.st_uid, status.st_gid]
    facts["xattrs"] = {name: value.hex() for name, value in xattrs_of(tree, item).items()}
    return hashlib.sha256(encode(facts).encode()).hexdigest()


def _content(tree: SourceTree, item: Item) -> str:
    digest = hashlib.sha256()
    with tree.open(item.path, READ) as descriptor:
        while block := os.read(descriptor, BLOCK):
            digest.update(block)
    return digest.hexdigest()


def xattrs_of(tree: SourceTree, item: Item) -> dict[str, bytes]:
    """The extended attributes that are copied, by name."""
    with tree.folder_of(item.path) as (folder, name):
        path = f"/proc/self/fd/{folder}/{name}"
        names = sorted(
            one for one in os.listxattr(path, follow_symlinks=False) if not one.startswith(NOT_COPIED)
        )
        return {one: os.getxattr(path, one, follow_symlinks=False) for one in names}
