"""A layer that fails ends all others, wherever they are, and leaves nothing."""

from __future__ import annotations

import errno
import os
import threading

import pytest
from packages.image.tests.unpacking.conftest import AtOnce, kept
from packages.image.tests.unpacking.held import Held, image_of

from tiffin.image.errors import DigestMismatch, InvalidImage, NotFound, Stopped
from tiffin.image.layers.limits import Limits
from tiffin.image.snapshots.local import LocalSnapshotter
from tiffin.image.store.store import Store
from tiffin.image.store.unpacking import unpack_image
from tiffin.image.transfer.events import Progress, Stage
from tiffin_testing.images import directory, file, hardlink, tar

pytestmark = pytest.mark.requires("root", "overlayfs")
BOTTOM = tar(directory("d/"), file("d/f", b"bottom"))
BROKEN = tar(file("b", bytes(5000)))[:3000]


def plain(number: int) -> bytes:
    return tar(directory(f"own{number}/"), file(f"own{number}/f", bytes(100_000)))


def unpack(store: Store, *layers: Held, limits: Limits | None = None) -> None:
    """Those that are held never come."""

    def give_up() -> None:
        for layer in layers:
            layer.give_up()

    unpack_image(store, image_of(*layers), limits=limits, give_up=give_up)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("at", [0, 700, 60_000])
def test_a_layer_fails_while_another_one_is_awaited(store: Store, at: int) -> None:
    layers = [Held(plain(0), held=True, at=at), Held(BROKEN), Held(plain(2)), Held(plain(3))]
    with pytest.raises(InvalidImage, match="layer's tar archive is broken"):
        unpack(store, *layers)
    assert kept(store) == []
    again = [Held(plain(0)), Held(plain(2))]
    unpack(store, *again)
    assert len(kept(store)) == 2


@pytest.mark.usefixtures("at_once")
def test_a_layer_fails_while_others_wait_for_it(store: Store) -> None:
    waiting = [Held(tar(hardlink(f"h{number}", "d/f"))) for number in range(3)]
    bottom = Held(BOTTOM, held=True, lie=True)

    def open_then() -> None:
        for layer in waiting:
            layer.wait_until_begun()
        bottom.open()

    timer = threading.Thread(target=open_then)
    timer.start()
    with pytest.raises(DigestMismatch, match="layer 1 of 4"):
        unpack(store, bottom, *waiting)
    timer.join()
    assert kept(store) == []


def test_of_two_layers_that_fail_the_lower_one_is_told(store: Store, at_once: AtOnce) -> None:
    at_once(3)
    both = threading.Barrier(2)

    class Together(Held):
        def bytes_at(self, position: int, size: int) -> bytes:
            if position == 0:
                both.wait(30)
            return super().bytes_at(position, size)

    for _ in range(10):
        lower, upper = Together(BROKEN), Together(BOTTOM, lie=True)
        with pytest.raises(InvalidImage) as caught:
            unpack(store, Held(plain(0)), lower, upper)
        assert not isinstance(caught.value, Stopped)
        assert kept(store) == []


@pytest.mark.usefixtures("at_once")
def test_the_limits_hold_for_each_layer(store: Store) -> None:
    limits = Limits(entries=2)
    unpack(store, Held(plain(0)), Held(plain(1)), limits=limits)
    with pytest.raises(InvalidImage, match="more than 2 entries"):
        unpack(
            store, Held(plain(0)), Held(tar(file("a"), file("b"), file("c"))), Held(plain(2)), limits=limits
        )
    assert len(kept(store)) == 2


@pytest.mark.usefixtures("at_once")
def test_the_disk_is_full_when_all_is_there(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(LocalSnapshotter, "commit_stack", full)
        with pytest.raises(OSError, match="No space left"):
            unpack(store, Held(BOTTOM), Held(plain(1)))
    assert kept(store) == []
    unpack(store, Held(BOTTOM), Held(plain(1)))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("stage", [Stage.STARTED, Stage.DONE])
def test_who_takes_the_events_gives_up(store: Store, stage: Stage) -> None:
    """In a thread of ours, or in the caller's own, as Ctrl-C does."""
    layers = [Held(BOTTOM), Held(plain(1), held=True)]

    def interrupt(event: Progress) -> None:
        if event.stage is stage and event.digest == layers[0].diff_id:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack_image(store, image_of(*layers), report=interrupt, give_up=layers[1].give_up)
    assert kept(store) == []


@pytest.mark.usefixtures("at_once")
def test_a_layer_below_is_gone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a snapshot that somebody removes by hand, without a look at leases."""
    unpack(store, Held(BOTTOM))
    (below,) = kept(store)
    commit = LocalSnapshotter.commit_stack

    def remove_first(snapshots: LocalSnapshotter, *arguments: object) -> None:
        snapshots.remove(below)
        commit(snapshots, *arguments)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(LocalSnapshotter, "commit_stack", remove_first)
    with pytest.raises(NotFound):
        unpack(store, Held(BOTTOM), Held(plain(1)))
    assert kept(store) == []


@pytest.mark.usefixtures("at_once")
def test_a_layer_that_is_made_once_more_may_fail_then(store: Store, applied: threading.Semaphore) -> None:
    """A file below is in the way of a folder that the layer only implies."""
    bottom = Held(tar(file("d", b"a file")), held=True)

    def open_then() -> None:
        assert applied.acquire(timeout=30)
        bottom.open()

    timer = threading.Thread(target=open_then)
    timer.start()
    with pytest.raises(InvalidImage, match="no directory in a layer below"):
        unpack(store, bottom, Held(tar(file("d/f", b"f"))))
    timer.join()
    assert kept(store) == []
