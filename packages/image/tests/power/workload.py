"""What is done with a store while its disk is recorded, and what must be there after each part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packages.image.tests.crashes.images import NAME, OTHER, left, mounted, pull_image
from packages.image.tests.crashes.stores import later
from packages.image.tests.power.recording import Recording
from packages.image.tests.verification.conftest import comparable

from tiffin.image.digest import digest_of
from tiffin.image.store.names import find_named
from tiffin.image.store.store import Store
from tiffin.image.verification.verify import verify

Tree = dict[str, tuple[object, ...]]
Facts = Callable[[Path], Tree]


@dataclass(frozen=True)
class Span:
    """From one position in the log on: the names that are there for good. damaged: whether something is."""

    position: int
    names: frozenset[str]
    damaged: bool = False


@dataclass
class Workload:
    """Two pulls, damage, the pull that heals it, a name that goes, and a collection.

    spans: what must be there, in their order.
    """

    sources: Mapping[str, str]
    spans: list[Span] = field(default_factory=list)
    trees: dict[str, Tree] = field(default_factory=dict)

    def run(self, recorded: Recording, facts: Facts, target: Path) -> None:
        """All of it. target: a free path to mount at."""
        store = Store(str(recorded.disk / "store"))
        self._mark(recorded)
        for name, source in self.sources.items():
            image = pull_image(source, store, name)
            self._mark(recorded, *self.trees, name)
            with mounted(store, image.unpacked, target) as root:
                self.trees[name] = comparable(facts(root))
        self._mark(recorded, NAME, OTHER, damaged=True)
        (Path(store.snapshots.chain(_top(store, OTHER))[0].folder) / "other").unlink()
        next(Path(store.content.root).glob("blobs/*/*")).unlink()
        assert len(verify(store)) == 2
        for name, source in self.sources.items():
            pull_image(source, store, name)
        self._mark(recorded, NAME, OTHER)
        self._mark(recorded, OTHER)
        store.images.delete(NAME)
        _collect(store)
        store.database.close()

    def _mark(self, recorded: Recording, *names: str, damaged: bool = False) -> None:
        self.spans.append(Span(recorded.position(), frozenset(names), damaged))

    def span(self, position: int) -> Span:
        """Which one a position in the log is in."""
        return [span for span in self.spans if span.position <= position][-1]

    def wrong(self, disk: Path, span: Span, facts: Facts, target: Path) -> list[str]:
        """What is not as it should be on a disk after the power went. target: a free path to mount at."""
        root = disk / "store"
        if not root.exists():
            return [f"{name} is gone" for name in span.names]
        store = Store(str(root))
        try:
            return self._found_wrong(store, span, facts, target) + self._wrong_afterwards(
                store, facts, target
            )
        finally:
            store.database.close()

    def _found_wrong(self, store: Store, span: Span, facts: Facts, target: Path) -> list[str]:
        wrong = [f"there is no image {name}" for name in span.names - _names(store)]
        if span.damaged:
            verify(store)  # which may not have been noted for good
            return wrong
        blobs = Path(store.root).glob("content/blobs/*/*")
        wrong += [f"{path} is not whole" for path in blobs if not _is_whole(path)]
        wrong += [finding.text for finding in verify(store, note=False)]
        return wrong + [line for name in span.names for line in self._wrong_tree(store, name, facts, target)]

    def _wrong_afterwards(self, store: Store, facts: Facts, target: Path) -> list[str]:
        wrong = []
        for name, source in self.sources.items():
            pull_image(source, store, name)
            wrong += self._wrong_tree(store, name, facts, target)
        _collect(store)
        return wrong + [finding.text for finding in verify(store)] + left(store)

    def _wrong_tree(self, store: Store, name: str, facts: Facts, target: Path) -> list[str]:
        found = find_named(store, name)
        if found is None:
            return [f"{name} cannot be run"]
        with mounted(store, found[1], target) as root:
            return [] if comparable(facts(root)) == self.trees[name] else [f"{name} has another tree"]


def _collect(store: Store) -> None:
    """A day later."""
    afterwards = later(store.root)
    try:
        afterwards.collect()
    finally:
        afterwards.database.close()


def _top(store: Store, name: str) -> str:
    return store.images.get(name).labels[f"containerd.io/gc.ref.snapshot.{store.snapshots.name}"]


def _names(store: Store) -> set[str]:
    return {stored.name for stored in store.images.list()}


def _is_whole(path: Path) -> bool:
    return digest_of(path.read_bytes()) == f"sha256:{path.name}"
