"""Images that have layers in common, unpacked at once into one store: each is made once, and nobody waits for long."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from packages.image.tests.unpacking.conftest import kept
from packages.image.tests.unpacking.held import SECONDS, Events, Held, image_of

from tiffin.image.errors import InvalidImage
from tiffin.image.layers.owners import Ownership
from tiffin.image.store.claims import Claims
from tiffin.image.store.store import Store
from tiffin.image.store.unpacked import UnpackedImage, chain_ids
from tiffin.image.store.unpacking import unpack_image
from tiffin.image.transfer.events import Stage
from tiffin_testing.images import directory, file, hardlink, tar

pytestmark = [pytest.mark.requires("root", "overlayfs"), pytest.mark.usefixtures("at_once")]
COMMON = [tar(directory(f"c{number}/"), file(f"c{number}/f", b"%d" % number)) for number in range(3)]
BROKEN = tar(file("b", bytes(5000)))[:3000]


class Caller:
    """One that unpacks an image into the store, by locks and a connection of its own."""

    def __init__(self, root: Path, pool: ThreadPoolExecutor, *layers: Held) -> None:
        self.root = root
        self.layers = layers
        self.events = Events(*layers)
        self.future: Future[UnpackedImage] = pool.submit(self._unpack)

    def _unpack(self) -> UnpackedImage:
        with Store(str(self.root)).leased() as store:
            try:
                return unpack_image(store, image_of(*self.layers), report=self.events, give_up=self._give_up)
            finally:
                store.database.close()

    def _give_up(self) -> None:
        for layer in self.layers:
            layer.give_up()

    def made(self) -> list[int]:
        return sorted(self.events.of(Stage.STARTED))


def common(count: int = 3) -> list[Held]:
    return [Held(data) for data in COMMON[:count]]


def top(number: int, *, held: bool = False) -> Held:
    return Held(tar(hardlink(f"top{number}", "c0/f")), held=held)


def test_the_second_one_waits_only_for_what_both_have(store: Store, root: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        first = Caller(root, pool, *common(), top(1, held=True))
        first.layers[3].wait_until_begun()
        second = Caller(root, pool, *common(), top(2), Held(tar(file("more"))))
        assert len(second.future.result(SECONDS).trees) == 5
        assert not first.future.done()
        first.layers[3].open()
        first.future.result(SECONDS)
    assert first.made() == [0, 1, 2, 3]
    assert second.made() == [3, 4]
    assert len(kept(store)) == 6


def test_the_same_image_is_made_once(store: Store, root: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        first = Caller(root, pool, *common(), top(1, held=True))
        first.layers[3].wait_until_begun()
        others = [Caller(root, pool, *common(), top(1)) for _ in range(3)]
        first.layers[3].open()
        found = {one.future.result(SECONDS).trees for one in (first, *others)}
    assert len(found) == 1
    assert [one.made() for one in others] == [[], [], []]
    assert len(kept(store)) == 4


def test_who_waits_goes_on_where_the_first_one_failed(store: Store, root: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        bottom = Held(COMMON[0], held=True)
        first = Caller(root, pool, bottom, *common()[1:], Held(BROKEN))
        bottom.wait_until_begun()
        second = Caller(root, pool, *common(), top(2))
        second.layers[3].wait_until_begun()  # it has begun with what is its own
        bottom.open()
        with pytest.raises(InvalidImage):
            first.future.result(SECONDS)
        second.future.result(SECONDS)
    assert second.made() in ([0, 1, 2, 3], [3])  # the first one may have been asked before it failed
    assert len(kept(store)) == 4


def test_many_images_with_a_common_base_are_all_made(store: Store, root: Path) -> None:
    names = set()
    for round_number in range(5):
        extra = tar(file(f"round{round_number}"))
        stacks = [
            [extra, *COMMON[:count], *([tar(hardlink(f"t{number}", "c0/f"))] if count else [])]
            for number, count in enumerate((0, 1, 2, 3, 3, 2, 1, 3))
        ]
        with ThreadPoolExecutor(len(stacks)) as pool:
            callers = [Caller(root, pool, *map(Held, stack)) for stack in stacks]
            for one in callers:
                one.future.result(SECONDS)
        made = Counter(
            chain_ids([layer.diff_id for layer in one.layers])[number]
            for one in callers
            for number in one.made()
        )
        assert set(made.values()) == {1}
        names |= set(made)
    assert set(kept(store)) == names


def test_a_layer_is_claimed_once_and_wanted_as_long_as_somebody_waits(store: Store) -> None:
    first, second, third = (Claims(store) for _ in range(3))
    assert first.take("a")
    assert not second.take("a")
    assert not first.are_wanted(["a"])
    second.want("a")
    third.want("a")
    assert first.are_wanted(["b", "a"])
    second.release_all()
    third.want("a")
    assert first.are_wanted(["a"])
    first.release(["a"])
    assert third.take("a")
    assert not first.are_wanted(["a"])
    third.release_all()


def test_what_was_left_out_counts_for_the_whole_image(
    store: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ownership, "possible", lambda: Ownership.SQUASH)
    layers = [tar(file(f"f{number}", uid=number)) for number in range(4)]
    lower = unpack_image(store, image_of(*map(Held, layers[:3])))
    whole = unpack_image(store, image_of(*map(Held, layers)))
    assert (lower.left_out, whole.left_out) == ({"owners": 2}, {"owners": 3})


def test_no_lock_is_left_open(store: Store) -> None:
    gc.collect()  # what earlier tests have left open
    before = len(os.listdir("/proc/self/fd"))
    threads = threading.active_count()
    unpack_image(store, image_of(*common(), top(1)))
    assert len(os.listdir("/proc/self/fd")) == before
    assert threading.active_count() == threads
