"""`Stored`: all that a namespace of a manager has on the disk, and which of it a collection keeps.

    images, containers, leases ──► blobs ──► blobs, snapshots ──► their parents

Source: containerd's docs/garbage-collection.md: the labels `containerd.io/gc.ref.*` and `containerd.io/gc.root`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiffin.runtime.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Key = tuple[str, str]
"""A kind, `content` or `snapshots/<snapshotter>`, and a digest or a key."""

CONTENT = "content"
ROOT = "containerd.io/gc.root"
CONTENT_REFERENCE = "containerd.io/gc.ref.content"
SNAPSHOT_REFERENCE = "containerd.io/gc.ref.snapshot."
PINNED = "io.cri-containerd.pinned"


class Item(Record):
    """A blob or a snapshot. size: bytes, without its parents. refers: to what it keeps. root: it keeps itself."""

    key: Key
    size: int
    refers: tuple[Key, ...] = ()
    root: bool = False


class Name(Record):
    """An image's name. target: a digest. refers: to what its labels keep. used: by a container. pinned: by a label."""

    name: str
    target: str
    refers: tuple[Key, ...]
    used: bool
    pinned: bool


class Stored(Record):
    """A namespace. held: what containers and leases keep. ingests: the sizes of blobs that are being written."""

    items: Mapping[Key, Item]
    names: tuple[Name, ...]
    held: frozenset[Key]
    ingests: tuple[int, ...]

    def kept(self) -> frozenset[Key]:
        """What a collection leaves."""
        roots = {*self.held, *(item.key for item in self.items.values() if item.root)}
        for name in self.names:
            roots.update(((CONTENT, name.target), *name.refers))
        return self._reached(roots)

    def unused(self) -> tuple[Name, ...]:
        """Names that no container uses, and nobody has pinned."""
        return tuple(name for name in self.names if not (name.used or name.pinned))

    def _reached(self, roots: Iterable[Key]) -> frozenset[Key]:
        found: set[Key] = set()
        waiting = list(roots)
        while waiting:
            key = waiting.pop()
            if key not in found and key in self.items:
                found.add(key)
                waiting += self.items[key].refers
        return frozenset(found)


def referred(labels: Mapping[str, str]) -> tuple[Key, ...]:
    """What labels keep. Behind the kind may stand a name of its own: `...gc.ref.content.m.0`, `...overlayfs/x`."""
    return tuple(_referred(labels))


def _referred(labels: Mapping[str, str]) -> Iterator[Key]:
    for label, value in labels.items():
        if label == CONTENT_REFERENCE or label.startswith((f"{CONTENT_REFERENCE}.", f"{CONTENT_REFERENCE}/")):
            yield CONTENT, value
        elif label.startswith(SNAPSHOT_REFERENCE):
            snapshotter = label.removeprefix(SNAPSHOT_REFERENCE).partition("/")[0]
            yield f"snapshots/{snapshotter}", value
