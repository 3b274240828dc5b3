"""What refers to what, by labels. Source: containerd's `docs/garbage-collection.md`."""

from __future__ import annotations

from tiffin.image.metadata.labels import GC_BACK_REFERENCE, GC_REFERENCE
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


KINDS = (("content", "content"), ("image", "images"), ("container", "containers"))


class Node(Record):
    """A thing that may be collected, or keeps others.

    kind: `content`, `ingests`, `images`, `snapshots/<snapshotter>`, or `containers`, which only keep.
    """

    namespace: str
    kind: str
    id: str


def referred(namespace: str, labels: Mapping[str, str], start: str = GC_REFERENCE) -> Iterator[Node]:
    """What labels refer to: `<start>content[.x]`, `<start>image[.x]`, `<start>snapshot.<snapshotter>[/x]`."""
    for name, value in labels.items():
        if name.startswith(start) and (kind := _kind(name[len(start) :])):
            yield Node(namespace, kind, value)


def back_referred(namespace: str, labels: Mapping[str, str]) -> Iterator[Node]:
    """Those that keep the bearer of the labels alive as long as they live."""
    return referred(namespace, labels, GC_BACK_REFERENCE)


def _kind(rest: str) -> str:
    for word, kind in KINDS:
        if rest == word or rest.startswith((f"{word}.", f"{word}/")):
            return kind
    snapshotter = rest.removeprefix("snapshot.").partition("/")[0]
    return f"snapshots/{snapshotter}" if rest.startswith("snapshot.") and snapshotter else ""
