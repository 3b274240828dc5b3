"""A disk that is full below the bundles: what cannot be done says so, and what lives is ended and removed."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, NOTHING, Keeper, Keeping, keeping, process_of, shell

from tiffin.runtime.errors import OperationFailed
from tiffin.shim.events.values import Mount
from tiffin.shim.tasks.mounting.mount import mount_all
from tiffin.shim.tasks.mounting.unmount import unmount_all
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.values import CreateTask
from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import runtime_command

pytestmark = pytest.mark.requires("root", "runc")


@pytest.fixture(params=["runc", "tiffin-runtime"])
def keeper_of(
    request: pytest.FixtureRequest, tmp_path: Path, bundle_factory: Callable[..., Bundle], nothing_left: None
) -> Iterator[Keeping]:
    """Bundles are on a small disk of their own, `tmp_path/disk`, but for their rootfs."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount_all((Mount("tmpfs", "tmpfs", options=("size=256k", "mode=700")),), str(disk))
    binary = runtime_command(request.param)[-1]
    yield lambda: keeping(Keeper(tmp_path, binary, bundle_factory))
    unmount_all(str(disk))


def request_on(disk: Path, keeper: Keeper, args: list[str]) -> CreateTask:
    """A request whose bundle is on the small disk."""
    request = keeper.request(args)
    bundle = keeper.bundles[request.id]
    place = disk / request.id
    place.mkdir()
    (place / "config.json").write_bytes((bundle.path / "config.json").read_bytes())
    keeper.bundles[request.id] = Bundle(place, bundle.config)
    rootfs = Mount("bind", str(bundle.rootfs), options=("rbind",))
    return request.replace(bundle=str(place), rootfs=(rootfs,))


def fill(disk: Path) -> Path:
    """Takes all that is left on a disk."""
    path = disk / "filling"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC)
    for size in (4096, 1):
        with contextlib.suppress(OSError):
            while True:
                os.write(descriptor, b"x" * size)
    os.close(descriptor)
    return path


async def test_nothing_is_made(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        request = request_on(tmp_path / "disk", keeper, FOREVER)
        filling = fill(tmp_path / "disk")
        with pytest.raises(OperationFailed, match="No space left") as caught:
            await keeper.tasks.create(request)
        assert caught.value.errno == errno.ENOSPC
        assert keeper.folders() == []
        filling.unlink()
        await keeper.tasks.create(request)


async def test_what_runs_goes_on_and_ends(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        tasks = keeper.tasks
        request = request_on(tmp_path / "disk", keeper, shell("trap 'exit 7' TERM; sleep 1000 & wait"))
        name = request.id
        await tasks.create(request)
        await tasks.start(name)
        exec_id = await keeper.exec(name, FOREVER)
        fill(tmp_path / "disk")

        for refused in (
            tasks.pause(name),
            tasks.execute(name, "e1", process_of(["true"]), NOTHING),
        ):
            with pytest.raises(OperationFailed, match="No space left"):
                await refused
        assert (await tasks.state(name)).status is Status.RUNNING
        await tasks.kill(name, exec_id, signal.SIGKILL)
        assert (await tasks.wait(name, exec_id)).status == 128 + signal.SIGKILL
        await tasks.kill(name, "", signal.SIGKILL)
        assert (await tasks.wait(name)).status == 128 + signal.SIGKILL
        assert (await tasks.delete(name)).exit_status == 128 + signal.SIGKILL
        assert keeper.told() == ["create", "start", "exec-added", "exec-started", "exit", "exit", "delete"]


async def test_a_start_that_cannot_be_written_down_may_be_tried_again(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        request = request_on(tmp_path / "disk", keeper, shell("exit 3"))
        await keeper.tasks.create(request)
        filling = fill(tmp_path / "disk")
        with pytest.raises(OperationFailed, match="No space left"):
            await keeper.tasks.start(request.id)
        assert (await keeper.tasks.state(request.id)).status is Status.CREATED
        filling.unlink()
        await keeper.tasks.start(request.id)
        assert (await keeper.tasks.wait(request.id)).status == 3


async def test_a_successor_finds_what_is_true(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        request = request_on(tmp_path / "disk", keeper, FOREVER)
        await keeper.tasks.create(request)
        await keeper.tasks.start(request.id)
        fill(tmp_path / "disk")
        await keeper.tasks.kill(request.id)
        await keeper.tasks.wait(request.id)
        await keeper.tasks.close()
        keeper.tasks = keeper.new_tasks()
        assert await keeper.tasks.recover(request.bundle) == request.id
        state = await keeper.tasks.state(request.id)
        assert (state.status, state.exit_status) == (Status.STOPPED, 128 + signal.SIGKILL)
