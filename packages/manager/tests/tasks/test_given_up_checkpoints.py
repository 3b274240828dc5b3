"""A checkpoint that nobody waits for any more: its folder is there as long as somebody may write to it."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, cast

import pytest
from packages.manager.tests.tasks.standing import StandIn

from tiffin.api.containerd.services.tasks.v1 import tasks_pb2 as tasks
from tiffin.manager.grpc_edge.call import NAMESPACE, Call
from tiffin.manager.grpc_edge.workers import Workers
from tiffin.manager.runtimes.bundles.bundle import Bundle
from tiffin.manager.runtimes.values import Status
from tiffin.manager.services.tasks.checkpoints import Checkpoints
from tiffin.manager.tasks.limits import Limits
from tiffin.manager.tasks.task import Task
from tiffin.runtime.errors import OperationFailed, TimedOut

if TYPE_CHECKING:
    from pathlib import Path


def is_there(folder: str) -> bool:
    return os.path.lexists(folder)


class Scene:
    """A checkpoint to the store that hangs. folder: the task's own."""

    def __init__(self, folder: Path, workers: Workers, limits: Limits) -> None:
        self.shim = StandIn(Bundle("default", "c1", "/nowhere", str(folder)))
        self.shim.hang()
        self.task = Task(self.shim, limits, lambda _: None)
        call = Call([(NAMESPACE, "default")], "", workers)
        checkpoints = Checkpoints(cast("Any", None))  # nothing comes to the store
        request = tasks.CheckpointTaskRequest(container_id="c1")
        self.writing = asyncio.ensure_future(checkpoints.write(self.task, request, call))

    async def answer(self) -> None:
        """The writer ends, and has failed."""
        self.shim.failure = OperationFailed("criu failed")
        self.shim.go_on(Status.RUNNING)
        await self.task.close()


async def test_who_goes_away_leaves_the_folder_to_its_writer(tmp_path: Path) -> None:
    with Workers() as workers:
        scene = Scene(tmp_path, workers, Limits())
        folder = await scene.shim.folders.get()
        assert os.path.dirname(folder) == str(tmp_path)  # if we are killed, it goes with the task
        scene.writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await scene.writing
        assert is_there(folder)
        await scene.answer()
        assert not is_there(folder)


async def test_so_does_one_whose_time_is_up(tmp_path: Path) -> None:
    with Workers() as workers:
        scene = Scene(tmp_path, workers, Limits(checkpoint=0.05))
        folder = await scene.shim.folders.get()
        with pytest.raises(TimedOut, match="checkpoint"):
            await scene.writing
        assert is_there(folder)
        await scene.answer()
        assert not is_there(folder)


async def test_one_that_fails_leaves_none(tmp_path: Path) -> None:
    with Workers() as workers:
        scene = Scene(tmp_path, workers, Limits())
        folder = await scene.shim.folders.get()
        await scene.answer()
        with pytest.raises(OperationFailed, match="criu failed"):
            await scene.writing
        assert not is_there(folder)


async def test_one_whose_task_is_deleted_meanwhile_fails_as_its_writer_does(tmp_path: Path) -> None:
    with Workers() as workers:
        scene = Scene(tmp_path, workers, Limits())
        os.rmdir(await scene.shim.folders.get())
        await scene.answer()
        with pytest.raises(OperationFailed, match="criu failed"):
            await scene.writing
