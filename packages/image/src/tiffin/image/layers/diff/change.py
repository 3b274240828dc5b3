"""`Change`: one difference between a tree and what was there before, as a layer has it."""

from __future__ import annotations

from enum import Enum

from tiffin.image.layers.diff.file_info import FileInfo
from tiffin.image.layers.diff.tree import Tree
from tiffin.runtime.record import Record


class Kind(Enum):
    """What has happened to a path."""

    ADDED = "added"
    MODIFIED = "modified"  # of a directory also: something in it has changed
    DELETED = "deleted"
    OPAQUE = "opaque"  # nothing of what was in the directory before is there any more


class Change(Record):
    """A difference.

    path: relative to the root, with no slash at its ends; empty for the root itself.
    info: what is there now; None if it is gone, and for `OPAQUE`.
    tree: where the content is read from. link: the path of an earlier change that this is another name of, "" if none.
    """

    kind: Kind
    path: bytes
    info: FileInfo | None = None
    tree: Tree | None = None
    link: bytes = b""

    @property
    def shown(self) -> str:
        """The path as an error message has it."""
        return repr(self.path[-200:].decode("utf-8", "surrogateescape"))
