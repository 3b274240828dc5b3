"""Layers that come in any order: each is made as soon as it can be, and only what must look below waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages.image.tests.unpacking.conftest import AtOnce, kept
from packages.image.tests.unpacking.held import SECONDS, Crowd, Events, Held, image_of

from tiffin.image.store.store import Store
from tiffin.image.store.unpacked import UnpackedImage, chain_ids
from tiffin.image.store.unpacking import unpack_image
from tiffin.image.transfer.events import Stage
from tiffin_testing.images import directory, file, hardlink, symlink, tar, whiteout

if TYPE_CHECKING:
    from tiffin_testing.images import Entry

pytestmark = pytest.mark.requires("root", "overlayfs")
BOTTOM = tar(directory("d/", mode=0o750, mtime=5), file("d/f", b"bottom"), symlink("l", "d"))


def plain(number: int) -> bytes:
    """A layer that mentions all of its folders."""
    return tar(directory(f"own{number}/"), file(f"own{number}/f", b"%d" % number), whiteout("none"))


@contextmanager
def unpacking(store: Store, *layers: Held, report: Events | None = None) -> Iterator[Future[UnpackedImage]]:
    """Meanwhile a thread unpacks; at the end all may come."""
    events = report or Events(*layers)
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(unpack_image, store, image_of(*layers), report=events)
        finally:
            for layer in layers:
                layer.open()


def wait_for(applied: threading.Semaphore, count: int) -> None:
    for _ in range(count):
        assert applied.acquire(timeout=SECONDS), "a layer waits for another"


@pytest.mark.usefixtures("at_once")
def test_two_layers_are_made_at_the_same_time(store: Store) -> None:
    layers = [Held(plain(number), held=True) for number in range(2)]
    with unpacking(store, *layers):
        for layer in layers:
            layer.wait_until_begun()
    assert len(kept(store)) == 2


def test_no_more_are_begun_than_may_be(store: Store, at_once: AtOnce) -> None:
    at_once(3)
    crowd = Crowd()
    layers = [Held(plain(number), held=number < 3, crowd=crowd) for number in range(20)]
    with unpacking(store, *layers) as future:
        for layer in layers[:3]:
            layer.wait_until_begun()
        layers[2].open()  # any of them
        layers[3].wait_until_begun()
        for layer in layers:
            layer.open()
        future.result(SECONDS)
    assert crowd.most == 3


@pytest.mark.usefixtures("at_once")
def test_the_bottom_layer_comes_last(store: Store, applied: threading.Semaphore) -> None:
    layers = [Held(BOTTOM, held=True), *(Held(plain(number)) for number in range(1, 6))]
    events = Events(*layers)
    with unpacking(store, *layers, report=events) as future:
        wait_for(applied, 5)
        assert not future.done()
        assert events.of(Stage.DONE) == []
        assert kept(store)  # active ones: nothing is committed
        assert not [info for info in store.snapshots.walk() if not info.key.startswith("extract-")]
        layers[0].open()
        unpacked = future.result(SECONDS)
    assert events.of(Stage.DONE) == list(range(6))
    assert sorted(events.of(Stage.STARTED)) == list(range(6))
    names = chain_ids([layer.diff_id for layer in layers])
    assert [tree.key for tree in store.snapshots.chain(names[-1])] == list(names[::-1])
    assert sorted(kept(store)) == sorted(names)
    for number, tree in enumerate(unpacked.trees[::-1]):
        if number:
            assert Path(tree, f"own{number}/f").read_bytes() == b"%d" % number
            assert not Path(tree, "none").exists()  # a whiteout of nothing


@pytest.mark.usefixtures("at_once")
def test_the_top_layer_comes_last(store: Store, applied: threading.Semaphore) -> None:
    layers = [Held(BOTTOM), Held(plain(1)), Held(tar(hardlink("h", "own1/f")), held=True)]
    events = Events(*layers)
    with unpacking(store, *layers, report=events) as future:
        wait_for(applied, 2)
        layers[2].open()
        unpacked = future.result(SECONDS)
    assert events.of(Stage.DONE) == [0, 1, 2]
    assert Path(unpacked.trees[0], "h").read_bytes() == b"1"


@pytest.mark.usefixtures("at_once")
def test_who_waits_for_a_layer_below_holds_up_no_other(store: Store, applied: threading.Semaphore) -> None:
    """Two may be made at a time: one of them is held, and the other one waits for it."""
    link = Held(tar(hardlink("h", "d/f")))
    layers = [Held(BOTTOM, held=True), link, Held(plain(2)), Held(plain(3))]
    with unpacking(store, *layers) as future:
        link.wait_until_begun()
        wait_for(applied, 2)
        layers[0].open()
        unpacked = future.result(SECONDS)
    assert Path(unpacked.trees[2], "h").read_bytes() == b"bottom"


@pytest.mark.usefixtures("at_once")
def test_who_looks_below_waits_for_no_more_than_it_needs(store: Store, applied: threading.Semaphore) -> None:
    middle = tar(directory("m/"), file("m/f", b"middle"))
    layers = [Held(BOTTOM, held=True), Held(middle), Held(tar(hardlink("h", "m/f")))]
    with unpacking(store, *layers) as future:
        wait_for(applied, 2)
        layers[0].open()
        assert Path(future.result(SECONDS).trees[0], "h").read_bytes() == b"middle"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_each_layer_looks_into_the_one_below(store: Store, at_once: AtOnce, number: int) -> None:
    at_once(number)
    layers = [
        Held(BOTTOM),
        *(Held(tar(hardlink(f"h{n}", f"h{n - 1}" if n > 1 else "d/f"))) for n in range(1, 20)),
    ]
    with unpacking(store, *layers) as future:
        unpacked = future.result(SECONDS)
    assert all(
        Path(tree, f"h{19 - n}").read_bytes() == b"bottom" for n, tree in enumerate(unpacked.trees[:-1])
    )


@pytest.mark.usefixtures("at_once")
def test_a_folder_that_a_layer_only_implies_is_as_below_though_that_comes_later(
    store: Store, applied: threading.Semaphore
) -> None:
    layers = [Held(BOTTOM, held=True), Held(tar(file("d/g", b"g")))]
    with unpacking(store, *layers) as future:
        wait_for(applied, 1)
        layers[0].open()
        status = Path(future.result(SECONDS).trees[0], "d").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o750, 5)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("upper", [file("l/g", b"g"), hardlink("l/h", "l/f"), hardlink("h", "l/f")])
def test_a_folder_that_a_layer_only_implies_is_a_link_below(
    store: Store, applied: threading.Semaphore, upper: Entry
) -> None:
    """What was made is thrown away, and the layer is made once more, along the link."""
    top = Held(tar(upper))
    layers = [Held(BOTTOM, held=True), top, Held(tar(hardlink("top", "d/f")))]
    events = Events(*layers)
    with unpacking(store, *layers, report=events) as future:
        top.wait_until_ended()
        layers[0].open()
        tree = Path(future.result(SECONDS).trees[1])
    assert (tree / "l").is_symlink()
    assert {path.name for path in tree.rglob("*")} & {"g", "h"}
    assert len(kept(store)) == 3
    assert events.of(Stage.STARTED) == sorted(events.of(Stage.STARTED))
    assert events.of(Stage.DONE) == [0, 1, 2]


@pytest.mark.usefixtures("at_once")
def test_what_is_there_already_is_neither_read_nor_made(store: Store) -> None:
    lower = [Held(BOTTOM), Held(plain(1))]
    unpack_image(store, image_of(*lower))
    again = [Held(BOTTOM, held=True), Held(plain(1), held=True), Held(tar(file("d/g"))), Held(plain(3))]
    events = Events(*again)
    unpacked = unpack_image(store, image_of(*again), report=events)
    assert events.of(Stage.DONE) == [2, 3]
    assert Path(unpacked.trees[1], "d").stat().st_mtime == 5
    assert len(kept(store)) == 4
