"""What a creation that fails, or is given up, leaves behind: nothing; and what is mounted for a task goes with it."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from typing import TYPE_CHECKING, Any, cast

import pytest
from packages.manager.tests.tasks.standing import StandIn

from tiffin.manager.events.exchange import Exchange
from tiffin.manager.mounts.activation import Activation
from tiffin.manager.runtimes.bundles.bundle import Bundles
from tiffin.manager.runtimes.bundles.discard import discard
from tiffin.manager.runtimes.table import RuntimeTable
from tiffin.manager.runtimes.values import Exit
from tiffin.manager.tasks import recovery
from tiffin.manager.tasks.limits import Limits
from tiffin.manager.tasks.manager import TaskManager
from tiffin.manager.tasks.recovery import recover
from tiffin.manager.tasks.request import Container, TaskRequest
from tiffin.runtime.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
    OperationFailed,
    TimedOut,
    Unavailable,
)
from tiffin.shim.events.values import Mount

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tiffin.manager.mounts.manager import Mounts
    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.values import Creation

FORMATTED = (Mount("format/overlay", "overlay", "", ()),)
REQUEST = TaskRequest("c1", rootfs=FORMATTED)
KEY = ("default", "c1")


class Runtime:
    """Makes stand-ins. making: its creations take until then. failure: what they end with.

    hangs: whose taking back takes until `recovered`; the others are dead if there is none. late: whose fails at first.
    """

    def __init__(self) -> None:
        self.making = asyncio.Event()
        self.making.set()
        self.began = asyncio.Event()
        self.failure: Exception | None = None
        self.undoing = asyncio.Event()
        self.undoing.set()
        self.undone = 0
        self.made: StandIn | None = None
        self.given: tuple[Mount, ...] = ()
        self.hangs = ""
        self.late: list[str] = []
        self.refusal: Exception = TimedOut("its monitor does not answer")
        self.recovered = asyncio.Event()

    async def create(self, creation: Creation, _: object) -> StandIn:
        self.given = creation.rootfs
        self.began.set()
        try:
            await self.making.wait()
        except asyncio.CancelledError:
            await self.undoing.wait()
            self.undone += 1
            raise
        if self.failure is not None:
            raise self.failure
        self.made = StandIn(creation.bundle)
        return self.made

    async def recover(self, bundle: Bundle, _: object, __: object) -> StandIn | None:
        if bundle.id in self.late:
            self.late.remove(bundle.id)
            raise self.refusal
        if bundle.id == self.hangs:
            await self.recovered.wait()
        return StandIn(bundle) if self.hangs else None

    async def clean_up(self, bundle: Bundle, _: object) -> Exit:
        await discard(bundle)
        return Exit(0, 255, 1)

    async def close(self) -> None:
        """Nothing to do."""


class StandInMounts:
    """As `Mounts`, without the kernel. made: by their names. releasing: their end takes until then."""

    def __init__(self) -> None:
        self.made: dict[tuple[str, str], Activation] = {}
        self.failure: Exception | None = None
        self.activating, self.releasing = threading.Event(), threading.Event()
        self.asked, self.asked_to_end = threading.Event(), threading.Event()
        self.activating.set()
        self.releasing.set()

    def activate(self, namespace: str, name: str, mounts: Sequence[Mount], *, labels: Any) -> Activation:
        self.asked.set()
        self.activating.wait(30)
        if self.failure is not None:
            raise self.failure
        if (namespace, name) in self.made:
            raise AlreadyExists(name)
        found = Activation(
            name, (), tuple(each.replace(type="bind") for each in mounts), labels, complete=True
        )
        self.made[namespace, name] = found
        return found

    def info(self, namespace: str, name: str) -> Activation:
        if (namespace, name) not in self.made:
            raise NotFound(name)
        return self.made[namespace, name]

    def deactivate(self, namespace: str, name: str) -> None:
        self.asked_to_end.set()
        self.releasing.wait(30)
        self.info(namespace, name)
        del self.made[namespace, name]


class Made:
    """A manager on both."""

    def __init__(self, folder: Path) -> None:
        self.runtime, self.mounts, self.asked = Runtime(), StandInMounts(), threading.Event()
        self.bundles = Bundles(str(folder / "root"), str(folder / "state"))
        self.manager = TaskManager(
            self.bundles,
            RuntimeTable(cast("Any", self.runtime)),
            self,
            Exchange(),
            Limits(),
            cast("Mounts", self.mounts),
        )

    def get(self, _: str, identifier: str) -> Container:
        self.asked.set()
        return Container(identifier, None, "io.containerd.any.v1")

    def create(self, request: TaskRequest = REQUEST) -> asyncio.Future[Any]:
        return asyncio.ensure_future(self.manager.create("default", request))

    def left(self) -> list[str]:
        folder = os.path.join(self.bundles.state, "default")
        return os.listdir(folder) if os.path.isdir(folder) else []


async def given_up(work: asyncio.Future[Any]) -> None:
    work.cancel()
    await asyncio.wait([work], timeout=10)
    assert work.cancelled()


async def test_a_rootfs_that_cannot_be_mounted_leaves_no_bundle(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.mounts.failure = InvalidArgument("no such option")
    with pytest.raises(InvalidArgument):
        await made.create()
    assert made.left() == []
    await made.manager.close()


async def test_a_runtime_that_fails_leaves_no_bundle_and_no_mounts(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.runtime.failure = OperationFailed("no")
    with pytest.raises(OperationFailed):
        await made.create()
    assert (made.left(), made.mounts.made) == ([], {})
    await made.manager.close()


async def test_a_client_that_goes_while_its_rootfs_is_mounted_leaves_nothing(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.mounts.activating.clear()
    asked = made.create()
    await asyncio.to_thread(made.mounts.asked.wait, 10)
    await given_up(asked)
    made.mounts.activating.set()
    await made.manager.close()
    assert (made.left(), made.mounts.made) == ([], {})


async def test_a_client_that_goes_is_not_waited_for_and_the_name_is_free_when_all_is_undone(
    tmp_path: Path,
) -> None:
    made = Made(tmp_path)
    made.runtime.making.clear()
    made.runtime.undoing.clear()
    asked = made.create()
    await made.runtime.began.wait()
    await given_up(asked)
    with pytest.raises(AlreadyExists):
        await made.create()
    made.runtime.undoing.set()
    made.runtime.making.set()
    await made.manager.close()
    assert (made.runtime.undone, made.left(), made.mounts.made) == (1, [], {})


async def test_mounts_go_with_a_task_whose_client_has_gone(tmp_path: Path) -> None:
    made = Made(tmp_path)
    await made.create()
    assert made.runtime.made is not None
    made.runtime.made.hang()
    deleting = asyncio.ensure_future(made.manager.delete(*KEY))
    await asyncio.sleep(0)
    await given_up(deleting)
    made.runtime.made.go_on(made.runtime.made.status)
    await made.manager.close()
    assert made.mounts.made == {}


async def test_mounts_go_with_a_task_whose_shim_is_lost(tmp_path: Path) -> None:
    made = Made(tmp_path)
    await made.create()
    assert made.runtime.made is not None
    made.manager.teller.lost(made.runtime.made, Exit(0, 137, 1))
    await made.manager.close()
    assert made.mounts.made == {}


async def test_mounts_go_with_a_task_that_died_while_nobody_looked(tmp_path: Path) -> None:
    made = Made(tmp_path)
    os.makedirs(made.bundles.of(*KEY).path)
    made.mounts.activate(*KEY, FORMATTED, labels={"containerd.io/gc.bref.container": "c1"})
    await recover(made.manager)
    assert made.mounts.made == {}
    await made.manager.close()


async def test_a_new_task_waits_until_the_mounts_of_the_last_one_are_gone(tmp_path: Path) -> None:
    made = Made(tmp_path)
    await made.create()
    made.mounts.releasing.clear()
    deleting = asyncio.ensure_future(made.manager.delete(*KEY))
    await asyncio.to_thread(made.mounts.asked_to_end.wait, 10)
    os.rename(made.bundles.of(*KEY).path, tmp_path / "bundle")  # which the shim would have removed
    made.asked.clear()
    again = made.create()
    await asyncio.to_thread(made.asked.wait, 10)
    made.mounts.releasing.set()
    await deleting
    await again
    assert list(made.mounts.made) == [KEY]
    await made.manager.close()


async def test_mounts_of_an_earlier_task_are_not_taken_for_another_root(tmp_path: Path) -> None:
    made = Made(tmp_path)
    labels = {"containerd.io/gc.bref.container": "c1"}
    made.mounts.activate(*KEY, (Mount("format/overlay", "old", "", ()),), labels=labels)
    await made.create()
    assert made.runtime.given == (Mount("bind", "overlay", "", ()),)
    await made.manager.close()


async def test_mounts_that_a_client_has_made_by_that_name_stay_its_own(tmp_path: Path) -> None:
    made = Made(tmp_path)
    made.mounts.activate(*KEY, (Mount("format/overlay", "own", "", ()),), labels={})
    with pytest.raises(AlreadyExists):
        await made.create()
    await made.create(TaskRequest("c1"))
    await made.manager.delete(*KEY)
    assert list(made.mounts.made) == [KEY]
    await made.manager.close()


async def test_a_task_whose_taking_back_hangs_stalls_no_start_and_is_not_told_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "PATIENCE", 0.5)
    made = Made(tmp_path)
    for name in ("c1", "c2"):
        os.makedirs(made.bundles.of("default", name).path)
    made.runtime.hangs = "c1"
    async with asyncio.timeout(20):
        await recover(made.manager)
    assert [each.id for each in made.manager.list()] == ["c2"]
    with pytest.raises(Unavailable):
        made.manager.get(*KEY)
    with pytest.raises(Unavailable):
        await made.create()
    made.runtime.recovered.set()
    async with asyncio.timeout(20):
        await made.manager.recovering.all_ended()
    assert made.manager.get(*KEY).id == "c1"
    await made.manager.close()


@pytest.mark.parametrize(
    "refusal",
    [
        TimedOut("its monitor does not answer"),
        Unavailable("its monitor has just gone"),
        OSError(errno.EMFILE, "too many open files"),
        OperationFailed("cannot run a shim", errno=errno.EAGAIN),
    ],
)
async def test_a_task_that_cannot_be_taken_back_yet_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    monkeypatch.setattr(recovery, "AGAIN", 0.01)
    made = Made(tmp_path)
    os.makedirs(made.bundles.of(*KEY).path)
    made.runtime.hangs, made.runtime.late, made.runtime.refusal = "none", ["c1", "c1"], refusal
    async with asyncio.timeout(20):
        await recover(made.manager)
        with pytest.raises(Unavailable):
            made.manager.get(*KEY)
        await made.manager.recovering.all_ended()
    assert made.manager.get(*KEY).id == "c1"
    await made.manager.close()


async def test_a_manager_ends_while_a_task_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "PATIENCE", 0.5)
    made = Made(tmp_path)
    os.makedirs(made.bundles.of(*KEY).path)
    made.runtime.hangs = "c1"
    async with asyncio.timeout(20):
        await recover(made.manager)
        await made.manager.close()
    assert made.left() == ["c1"]  # for the next one
