"""Several processes at one store: each gets what it wants, and what it got stays."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from packages.image.tests.crashes.images import NAME, OTHER, left, pull_image
from packages.image.tests.crashes.stores import later
from packages.image.tests.crashes.victims import Victims, Work

from tiffin.image.store.names import find_named
from tiffin.image.store.store import Store
from tiffin.image.verification.verify import verify

pytestmark = pytest.mark.requires("root", "overlayfs", "libseccomp")

ROUNDS = 5


@pytest.mark.timeout(300)
def test_pulls_of_the_same_and_of_other_images_and_collections_at_once(
    place: Path, sources: tuple[str, str]
) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(Victims()) for _ in range(6)]
        for number in range(ROUNDS):
            root = str(place / f"at once {number}")
            works = [
                *(Work(root, sources[0], NAME) for _ in range(3)),
                *(Work(root, sources[1], OTHER) for _ in range(2)),
                Work(root, now=True),
            ]
            running = [server.start(work) for server, work in zip(servers, works, strict=True)]
            assert [one.wait() for one in running] == [0] * len(works)
            store = Store(root)
            assert find_named(store, NAME)
            assert find_named(store, OTHER)
            assert verify(store) == ()
            afterwards = later(root)
            afterwards.collect()
            assert left(store) == []
            assert len(list(store.snapshots.walk())) == 5  # two layers are the same


def test_a_pull_keeps_what_is_there_already_from_a_collection(place: Path, sources: tuple[str, str]) -> None:
    store = Store(str(place / "kept"))
    pull_image(sources[0], store)
    store.images.delete(NAME)
    collected = threading.Event()

    def collect_once(_event: object) -> None:
        """Between the look at what is there and the end of the pull."""
        if not collected.is_set():
            collected.set()
            Store(store.root).collect()

    pull_image(sources[0], store, NAME, report=collect_once)
    assert collected.is_set()
    assert find_named(store, NAME)
    assert verify(store) == ()
