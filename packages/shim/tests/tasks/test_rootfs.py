"""Tasks whose rootfs is mounted for them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeper, Keeping, shell

from tiffin.runtime.errors import OperationFailed
from tiffin.shim.events.values import Mount, TaskCreate
from tiffin.shim.tasks.values import CreateTask

pytestmark = pytest.mark.requires("root", "runc")


def on_overlay(keeper: Keeper, args: list[str]) -> CreateTask:
    """A request whose rootfs is an overlay on the bundle's own."""
    request = keeper.request(args)
    bundle = keeper.bundles[request.id].path
    for name in ("upper", "work"):
        (bundle / name).mkdir()
    (bundle / "rootfs").rename(bundle / "lower")
    options = (f"lowerdir={bundle}/lower", f"upperdir={bundle}/upper", f"workdir={bundle}/work")
    return request.replace(rootfs=(Mount("overlay", "overlay", options=options),))


async def test_it_is_there_from_create_to_delete(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        request = on_overlay(keeper, shell("echo written >/file"))
        bundle = Path(request.bundle)
        await keeper.tasks.create(request)
        assert os.path.ismount(bundle / "rootfs")  # noqa: ASYNC240
        await keeper.tasks.start(request.id)
        assert (await keeper.tasks.wait(request.id)).status == 0
        await keeper.tasks.delete(request.id)
        assert not os.path.ismount(bundle / "rootfs")  # noqa: ASYNC240
        assert (bundle / "upper/file").read_text() == "written\n"
        created = keeper.events[0]
        assert isinstance(created, TaskCreate)
        assert created.rootfs == request.rootfs


@pytest.mark.parametrize("wrong", ["mount", "runtime"])
async def test_it_is_gone_when_the_task_cannot_be_made(keeper_of: Keeping, wrong: str) -> None:
    async with keeper_of() as keeper:
        request = on_overlay(keeper, ["no-such-program"])
        if wrong == "mount":
            request = request.replace(rootfs=(*request.rootfs, Mount("no-such-type", "x")))
        with pytest.raises(OperationFailed):
            await keeper.tasks.create(request)
        assert not os.path.ismount(f"{request.bundle}/rootfs")  # noqa: ASYNC240


async def test_a_busy_one_stops_the_deletion_which_can_be_tried_again(
    keeper_of: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiffin.shim.tasks.mounting.unmount.BUSY_SECONDS", 0.1)
    async with keeper_of() as keeper:
        request = on_overlay(keeper, FOREVER)
        await keeper.tasks.create(request)
        await keeper.tasks.start(request.id)
        held = os.open(f"{request.bundle}/rootfs", os.O_RDONLY)
        await keeper.tasks.kill(request.id)
        await keeper.tasks.wait(request.id)
        with pytest.raises(OperationFailed, match="busy"):
            await keeper.tasks.delete(request.id)
        assert (await keeper.tasks.state(request.id)).exit_status == 128 + signal.SIGKILL
        os.close(held)
        was = await keeper.tasks.delete(request.id)
        assert was.exit_status == 128 + signal.SIGKILL
        assert keeper.told() == ["create", "start", "exit", "delete"]
