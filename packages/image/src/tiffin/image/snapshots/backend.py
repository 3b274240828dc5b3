"""`Backend`: what differs between one local snapshotter and another. The rest is `LocalSnapshotter`."""

from __future__ import annotations

from tiffin.image.snapshots.protocol import Kind, Mount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object  # importing typing takes longer than everything that is done here


class Backend(Protocol):
    """How a snapshot is laid out in its folder, and how it is mounted."""

    name: str
    """As in the label `containerd.io/gc.ref.snapshot.<name>`."""
    stacks: bool
    """Whether a folder holds only what a snapshot adds to its parents, not all of their trees."""

    def fill(self, folder: str, kind: Kind, parents: tuple[str, ...]) -> None:
        """Fills a new, empty folder; parents: the folders of the parents, nearest first. Raises OSError."""

    def mounts(self, folder: str, kind: Kind, parents: tuple[str, ...]) -> tuple[Mount, ...]:
        """How to mount an active snapshot or a view."""

    def data(self, folder: str) -> str:
        """The tree that an active or committed snapshot itself has written."""
