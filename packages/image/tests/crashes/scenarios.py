"""What is in the store before a victim begins, what it does, and what must be there however it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from packages.image.tests.crashes.images import NAME, OTHER, left, pull_image
from packages.image.tests.crashes.stores import later
from packages.image.tests.crashes.victims import Victims, Work

from tiffin.image.store.names import find_named
from tiffin.image.store.store import Store
from tiffin.image.transfer.events import Progress, Stage
from tiffin.image.verification.verify import verify

Sources = tuple[str, str]


def nothing(_root: str, _sources: Sources) -> None:
    """An empty store."""


def one_image(root: str, sources: Sources) -> None:
    pull_image(sources[0], Store(root), NAME)


def unnamed_images(root: str, sources: Sources) -> None:
    """Two images that have lost their names, and an ingest that was begun and left."""
    store = Store(root)
    for source, name in zip(sources, (NAME, OTHER), strict=True):
        pull_image(source, store, name)
    for name in (NAME, OTHER):
        store.images.delete(name)
    with store.content.writer("left") as writer:
        writer.write(b"some bytes")


def damaged_image(root: str, sources: Sources) -> None:
    """Every second blob and snapshot was damaged, and that was noted."""
    one_image(root, sources)
    store = Store(root)
    for number, path in enumerate(sorted(Path(store.content.root).glob("blobs/*/*"))):
        if number % 2:
            os.truncate(path, 1)
    for number, path in enumerate(sorted(Path(store.snapshots.root, "snapshots").iterdir())):
        if number % 2:
            shutil.rmtree(path / "fs" / "a", ignore_errors=True)
    assert verify(store)


@dataclass(frozen=True)
class Scenario:
    """begin: makes what is there before. pulls: which of the sources the victim pulls, and under which name.

    kept: the names that must stay. damaged: whether the victim heals.
    """

    name: str
    begin: Callable[[str, Sources], None]
    pulls: tuple[int, str] | None
    kept: tuple[str, ...] = ()
    damaged: bool = False


SCENARIOS = (
    Scenario("a pull to an empty store", nothing, (0, NAME)),
    Scenario("a pull of an image that has layers in common with another", one_image, (1, OTHER), (NAME,)),
    Scenario("a pull that heals", damaged_image, (0, NAME), damaged=True),
    Scenario("a collection", unnamed_images, None),
)


@dataclass
class Kills:
    """Kills of one scenario, each in a store of its own that is like the others.

    Args:
        place: a folder for the stores. steps, seconds: of a victim that is not disturbed.
    """

    scenario: Scenario
    place: Path
    sources: Sources
    victims: Victims
    steps: int = field(init=False)
    seconds: float = field(init=False)

    def __post_init__(self) -> None:
        self.place.mkdir()
        self._original = self.place / "original"
        self.scenario.begin(str(self._original), self.sources)
        self._original.mkdir(exist_ok=True)
        self.steps = self.victims.start(self._work(self._copy()), stepwise=True).count_steps()
        start = time.monotonic()
        assert self.victims.start(self._work(self._copy())).wait() == 0
        self.seconds = time.monotonic() - start

    def _work(self, root: Path) -> Work:
        if self.scenario.pulls is None:
            return Work(str(root))
        number, name = self.scenario.pulls
        return Work(str(root), self.sources[number], name)

    def _copy(self) -> Path:
        """A store as it is before the victim begins."""
        root = self.place / "store"
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["cp", "--archive", self._original, root], check=True, timeout=60)
        return root

    def after(self, seconds: float, *, collect_first: bool) -> list[str]:
        """Kills one some time after it began, unless it has ended; what is wrong then."""
        root = self._copy()
        self.victims.start(self._work(root)).kill_after(seconds)
        return self._examined(root, collect_first=collect_first)

    def before(self, step: int, *, collect_first: bool) -> list[str]:
        """Kills one before a step; what is wrong then."""
        root = self._copy()
        self.victims.start(self._work(root), stepwise=True).kill_before(step)
        return self._examined(root, collect_first=collect_first)

    def _examined(self, root: Path, *, collect_first: bool) -> list[str]:
        store = Store(str(root))
        wrong = [] if self.scenario.damaged else [finding.text for finding in verify(store)]
        wrong += [f"{name} is gone" for name in self.scenario.kept if find_named(store, name) is None]
        if collect_first:
            later(store.root).collect()
            wrong += [] if self.scenario.damaged else left(store)  # a damaged snapshot may have no folder
        if self.scenario.pulls is not None:
            wrong += self._go_on(store, *self.scenario.pulls)
        later(store.root).collect()
        wrong += [finding.text for finding in verify(store)] + left(store)
        if self.scenario.pulls is None:
            wrong += [f"{info.digest} is not collected" for info in store.content.walk()]
            wrong += [f"{info.key} is not collected" for info in store.snapshots.walk()]
        store.database.close()
        return wrong

    def _go_on(self, store: Store, number: int, name: str) -> list[str]:
        """The next pull: it fetches nothing that is there already."""
        present = {info.digest for info in store.content.walk() if not info.labels.get("dev.tiffin/damaged")}
        begun = {status.expected: status.offset for status in store.content.statuses()}
        events: list[Progress] = []
        pull_image(self.sources[number], store, name, report=events.append)
        wrong = [] if find_named(store, name) else [f"{name} was pulled, and is not there"]
        for event in events:
            if event.kind == "layer" and event.stage is Stage.STARTED:
                if event.digest in present:
                    wrong.append(f"{event.digest} was there, and is fetched")
                elif event.done != begun.get(event.digest, 0):
                    wrong.append(f"{event.digest} goes on at {event.done}, not {begun.get(event.digest)}")
        return wrong
