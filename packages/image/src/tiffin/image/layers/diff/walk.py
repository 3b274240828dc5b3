"""`tree_changes` and `overlay_changes`: a walk through a tree, in step with what was there before.

It goes depth first in the order of names as bytes; a directory comes before what is in it. It holds one directory
of each tree open, whatever the depth.
"""

from __future__ import annotations

import stat
from contextlib import ExitStack
from functools import partial

from tiffin.image.layers.diff import overlay as marks
from tiffin.image.layers.diff.below import Below, TreeBelow
from tiffin.image.layers.diff.change import Change, Kind
from tiffin.image.layers.diff.compare import differs
from tiffin.image.layers.diff.file_info import NO_ATTRIBUTES, FileInfo
from tiffin.image.layers.diff.hard_links import HardLinks
from tiffin.image.layers.diff.overlay import OverlayBelow
from tiffin.image.layers.diff.tree import Cursor, Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

ROOT_MODE = stat.S_IFDIR | 0o755  # what everybody gives a root of which no layer says anything


def tree_changes(lower: str | None, upper: str, *, masks: Collection[bytes] = ()) -> Iterator[Change]:
    """What makes the tree `upper` out of the tree `lower`.

    A file is the same as in containerd: if type, mode, owner, device, link target, extended attributes, size and time
    are; and where the time has no fraction of a second, the content too. The time of a directory alone is no change,
    but a directory in which something has changed is one itself. The root is one only if its mode, owner or extended
    attributes changed; where nothing is below it, whoever made the folder owns it, and that is no change. Sockets are
    taken as not there: no layer can have them.

    Args:
        lower: a folder; None for an empty root.
        upper: a folder; nobody writes to it until the changes are written.
        masks: paths at and below which nothing is looked at.

    Raises:
        OSError: if something cannot be read.
        FailedPrecondition: if somebody moved directories meanwhile.
    """
    with ExitStack() as stack:
        below = OverlayBelow(()) if lower is None else TreeBelow(stack.enter_context(Cursor(lower)))
        yield from changes_since(below, upper, masks=masks)


def overlay_changes(upper: str, lowers: Sequence[str], *, masks: Collection[bytes] = ()) -> Iterator[Change]:
    """What the upper folder of an overlay changes of what lies below; nothing of overlayfs itself is in it.

    Directories and files that were only copied up are left out.

    Args:
        upper: the upper folder; it is not being written to.
        lowers: the lower folders, the nearest first, as in `lowerdir`.
        masks: paths at and below which nothing is looked at.

    Raises:
        Unsupported: for redirected directories, files of metadata only, and indexed hard links.
        OSError, FailedPrecondition: as `tree_changes`.
    """
    with ExitStack() as stack:
        below = OverlayBelow([stack.enter_context(Cursor(lower)) for lower in lowers])
        yield from changes_since(below, upper, overlay=True, masks=masks)


def changes_since(
    below: Below, upper: str, *, overlay: bool = False, masks: Collection[bytes] = ()
) -> Iterator[Change]:
    """What is different from a state of before. overlay: `upper` has overlayfs's marks. Raises as the others."""
    with Cursor(upper) as cursor:
        yield from _Walk(Tree(upper), cursor, below, overlay=overlay, masks=masks).changes()


class _Level:
    """A directory that the walk is in. below: whether it was there before, so that what is in it is compared."""

    def __init__(self, path: bytes, info: FileInfo, names: list[bytes], *, below: bool) -> None:
        self.path = path
        self.info = info
        self.names = names  # the last one comes next
        self.below = below


class _Walk:
    """One walk."""

    def __init__(
        self, tree: Tree, upper: Cursor, below: Below, *, overlay: bool, masks: Collection[bytes]
    ) -> None:
        self._tree = tree
        self._upper = upper
        self._below = below
        self._overlay = overlay
        self._masks = frozenset(masks)
        self._levels: list[_Level] = []
        self._told = {b""}  # directories that have had their change
        self._links = HardLinks()

    def changes(self) -> Iterator[Change]:
        """All of them."""
        yield from self._root()
        while self._levels:
            level = self._levels[-1]
            if level.names:
                yield from self._entry(level, level.names.pop())
                continue
            self._levels.pop()
            if self._levels:
                self._upper.leave()
                if level.below:
                    self._below.leave()

    def _root(self) -> Iterator[Change]:
        old, new = self._below.find(b"."), self._upper.look(b".")
        if new is None:
            raise AssertionError("an open directory has itself")
        if differs(old or new.replace(mode=ROOT_MODE, xattrs=NO_ATTRIBUTES), new):
            yield Change(Kind.MODIFIED, b"", new)
        self._push(b"", new, below=True)

    def _push(self, path: bytes, info: FileInfo, *, below: bool) -> None:
        names = set(self._upper.names())
        if below:
            names.update(self._below.names())
        self._levels.append(_Level(path, info, sorted(names, reverse=True), below=below))

    def _entry(self, level: _Level, name: bytes) -> Iterator[Change]:
        path = b"%s/%s" % (level.path, name) if level.path else name
        if path in self._masks:
            return
        new = self._present(path, self._upper.look(name))
        old = self._below.find(name) if level.below else None
        if new is None:
            if old is not None:
                yield from self._parents()
                yield Change(Kind.DELETED, path)
        elif new.is_directory:
            yield from self._directory(path, name, old, new)
        elif old is not None and self._same(name, old, new):
            yield from self._unchanged(path, new)
        else:
            yield from self._file(path, new, Kind.ADDED if old is None else Kind.MODIFIED)

    def _present(self, path: bytes, info: FileInfo | None) -> FileInfo | None:
        """The file, if it is one that a layer can have."""
        if info is None or stat.S_ISSOCK(info.mode):
            return None
        if self._overlay:
            marks.refuse(info, path)
            return None if marks.is_whiteout(info) else info
        return info

    def _directory(self, path: bytes, name: bytes, old: FileInfo | None, new: FileInfo) -> Iterator[Change]:
        merged = old is not None and old.is_directory
        opaque = self._overlay and marks.is_opaque(new)
        if old is None or opaque or differs(old, new):
            yield from self._parents()
            yield Change(Kind.ADDED if old is None else Kind.MODIFIED, path, new)
            self._told.add(path)
        if merged and opaque:
            yield Change(Kind.OPAQUE, path)
        self._upper.enter(name)
        if merged and not opaque:
            self._below.enter(name)
        self._push(path, new, below=merged and not opaque)

    def _same(self, name: bytes, old: FileInfo, new: FileInfo) -> bool:
        if old.identity == new.identity:
            return True
        if differs(old, new):
            return False
        if not new.is_regular or not new.size:
            return True
        return self._below.same_content(name, new, partial(self._upper.open, name))

    def _file(self, path: bytes, new: FileInfo, kind: Kind) -> Iterator[Change]:
        yield from self._parents()
        first = self._links.first(new)
        yield Change(kind, path, new, self._tree, first)
        if not first:
            for other in self._links.begin(path, new):
                yield from self._ancestors(other)
                yield Change(Kind.MODIFIED, other, new, self._tree, path)

    def _unchanged(self, path: bytes, new: FileInfo) -> Iterator[Change]:
        """It is needed all the same if it is another name of a changed file."""
        if self._links.first(new):
            yield from self._file(path, new, Kind.MODIFIED)
        elif new.links > 1:
            self._links.keep(path, new)

    def _parents(self) -> Iterator[Change]:
        """The directories that the walk is in: something in them has changed."""
        untold = []
        for level in reversed(self._levels):
            if level.path in self._told:
                break
            untold.append(level)
        for level in reversed(untold):
            self._told.add(level.path)
            yield Change(Kind.MODIFIED, level.path, level.info)

    def _ancestors(self, path: bytes) -> Iterator[Change]:
        """The directories of a path that the walk has passed by."""
        end = path.find(b"/")
        while end >= 0:
            above = path[:end]
            if above not in self._told:
                self._told.add(above)
                yield Change(Kind.MODIFIED, above, self._tree.look(above))
            end = path.find(b"/", end + 1)
