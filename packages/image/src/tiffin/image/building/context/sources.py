"""What the sources of COPY, ADD and bind mounts mean in a tree: globs, links, directories."""

from __future__ import annotations

import posixpath

from tiffin.image.errors import NotFound
from tiffin.runtime.record import Record

from .patterns import compiled, is_wild, of_one_name
from .tree import Item, SourceTree


class Source(Record):
    """Something that is copied.

    item: what, with links resolved. name: the last part of the path as it was written, or was met by the glob.
    path: the whole of it, relative to the root. kept: what of it `--parents` keeps: all, or what follows a `/./`.
    """

    item: Item
    name: str
    path: str
    kept: str = ""


def find_sources(tree: SourceTree, text: str, *, deep: bool = False) -> list[Source]:
    """What a source names, sorted; nothing for a glob that meets nothing, as BuildKit. Links are followed.

    Args:
        deep: `**` is any number of folders (`--parents`); else it is no more than `*`.

    Raises:
        NotFound: for a path that is not there, or is left out. Problem: for a broken pattern.
    """
    cleaned = _cleaned(text)
    pivot = text.partition("/./")
    dropped = len(_cleaned(pivot[0])) if pivot[1] else 0
    paths = _globbed(tree, cleaned, deep=deep) if is_wild(cleaned) else [cleaned]
    return [_source(tree, path, dropped) for path in paths]


def _cleaned(text: str) -> str:
    return posixpath.normpath(f"/{text}").lstrip("/")


def _source(tree: SourceTree, path: str, dropped: int) -> Source:
    item = tree.find(path)
    if item is None:
        left_out = " (.dockerignore may leave it out)" if tree.ignored else ""
        raise NotFound(f"{tree.name} has no {path or '/'!r}{left_out}")
    return Source(item, path.rpartition("/")[2], path, path[dropped:].lstrip("/"))


def _globbed(tree: SourceTree, text: str, *, deep: bool) -> list[str]:
    """The paths that a pattern meets, part by part: `*` never crosses a `/`, a `**` that is `deep` does."""
    found = [""]
    parts = text.split("/")
    for number, part in enumerate(parts):
        if part == "**" and deep:
            return _below(tree, found, "/".join(parts[number:]))
        pattern = compiled(of_one_name(part))
        found = [
            item.path
            for folder in found
            if (above := tree.find(folder)) is not None and above.is_directory
            for item in tree.items(above.path)
            if pattern.matches(item.path.rpartition("/")[2]) and _is_there(tree, item.path)
        ]
    return found


def _below(tree: SourceTree, folders: list[str], rest: str) -> list[str]:
    pattern = compiled(rest)
    found = []
    for folder in folders:
        above = tree.find(folder)
        if above is not None and above.is_directory:
            start = len(above.path) + 1 if above.path else 0
            found += [item.path for item in tree.walk(above.path) if pattern.matches(item.path[start:])]
    return found


def _is_there(tree: SourceTree, path: str) -> bool:
    return tree.find(path, follow=False) is not None
