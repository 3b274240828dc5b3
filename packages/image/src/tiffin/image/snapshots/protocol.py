"""`Snapshotter`: trees that are made from each other, as containerd's snapshotters have them.

A snapshot is `active` (being written), a `view` (read-only), or `committed`, which others may have as their parent.
Each is known by a key; Commit gives an active one the name of a committed one.
"""

from __future__ import annotations

from enum import Enum

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Protocol
else:
    Protocol = object  # importing typing takes longer than everything that is done here


class Kind(Enum):
    """What may be done with a snapshot."""

    VIEW = "view"
    ACTIVE = "active"
    COMMITTED = "committed"


class Mount(Record):
    """One mount(2), as containerd hands it to a runtime: type `bind` or `overlay`, and options."""

    type: str
    source: str
    options: tuple[str, ...] = ()


class SnapshotInfo(Record):
    """A snapshot. created, updated: nanoseconds since 1970."""

    key: str
    parent: str
    kind: Kind
    created: int
    updated: int
    labels: Mapping[str, str]


class Tree(Record):
    """What one snapshot of a stack has written. damaged: so a check has noted, or the folder is missing."""

    key: str
    folder: str
    labels: Mapping[str, str]
    damaged: bool


class Usage(Record):
    """What a snapshot takes of the disk, without its parents: bytes, and inodes."""

    size: int
    inodes: int


class Snapshotter(Protocol):
    """The snapshots of one store."""

    def prepare(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """A new active snapshot.

        Raises AlreadyExists, NotFound (the parent), InvalidArgument (the parent is not committed).
        """

    def view(
        self, key: str, parent: str = "", *, labels: Mapping[str, str] | None = None
    ) -> tuple[Mount, ...]:
        """A new read-only one. Raises as `prepare`."""

    def commit(self, name: str, key: str, *, labels: Mapping[str, str] | None = None) -> None:
        """Makes an active snapshot a committed one. Raises NotFound, AlreadyExists, FailedPrecondition."""

    def mounts(self, key: str) -> tuple[Mount, ...]:
        """How to mount an active snapshot or a view. Raises NotFound, FailedPrecondition (it is committed)."""

    def remove(self, key: str) -> None:
        """Raises NotFound, and FailedPrecondition while it has children."""

    def stat(self, key: str) -> SnapshotInfo:
        """Raises NotFound."""

    def update(self, key: str, labels: Mapping[str, str], *, replace: bool = False) -> SnapshotInfo:
        """Sets labels; one with an empty value is removed. replace: the others too. Raises NotFound."""

    def usage(self, key: str) -> Usage:
        """Raises NotFound."""

    def walk(self) -> Iterator[SnapshotInfo]:
        """All of them, parents before their children."""

    def cleanup(self) -> None:
        """Removes what no snapshot has any more: left by removals, and by processes that were killed."""
