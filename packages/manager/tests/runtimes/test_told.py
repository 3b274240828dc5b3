"""Of which tasks a later manager tells the death: not of those that nobody knows, or that were deleted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from google.protobuf.empty_pb2 import Empty
from packages.manager.tests.runtimes.standing import StandInProgram, StandInShim, bundle_of

from tiffin.api.containerd.runtime.task.v2 import shim_pb2
from tiffin.manager.runtimes.external import told
from tiffin.manager.runtimes.external.program import Daemon
from tiffin.manager.runtimes.external.runtime import ExternalRuntime
from tiffin.manager.runtimes.values import Creation, Exit
from tiffin.ttrpc import Context, Server, unary

if TYPE_CHECKING:
    from pathlib import Path


class MakingShim(StandInShim):
    """It makes a task, and removes it. noted: whether that stood in the bundle when it was asked to end."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "shim.sock")
        self.bundle = bundle_of(folder, "c1", self.address)
        self.noted: list[bool] = []
        requests: dict[str, Any] = {
            "Create": unary(shim_pb2.CreateTaskRequest, shim_pb2.CreateTaskResponse, self._create),
            "Delete": unary(shim_pb2.DeleteRequest, shim_pb2.DeleteResponse, self._delete),
            "Shutdown": unary(shim_pb2.ShutdownRequest, Empty, self._noted),
        }
        self.server = Server({"containerd.task.v2.Task": requests})

    async def _create(self, _: shim_pb2.CreateTaskRequest, __: Context) -> shim_pb2.CreateTaskResponse:
        self.noted.append(told.is_noted(self.bundle))
        return shim_pb2.CreateTaskResponse(pid=7)

    async def _delete(self, _: shim_pb2.DeleteRequest, __: Context) -> shim_pb2.DeleteResponse:
        self.noted.append(told.is_noted(self.bundle))
        return shim_pb2.DeleteResponse(pid=7)

    async def _noted(self, _: shim_pb2.ShutdownRequest, __: Context) -> Empty:
        self.noted.append(told.is_noted(self.bundle))
        return Empty()


async def test_they_know_of_it_from_its_making_to_its_deletion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = MakingShim(tmp_path)
    program = StandInProgram(shim)
    monkeypatch.setattr(ExternalRuntime, "_program", lambda *_: program)
    runtime = ExternalRuntime(Daemon("", ""))
    task = await runtime.create(Creation(shim.bundle, program.path), cast("Any", None))
    await task.delete("")
    assert shim.noted == [False, True, False]
    await shim.server.close()


@pytest.mark.parametrize("known", [True, False])
async def test_what_they_do_not_know_has_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    program = StandInProgram(StandInShim(tmp_path / "shim.sock"))
    monkeypatch.setattr(ExternalRuntime, "_program_of", lambda *_: program)
    bundle = bundle_of(tmp_path, "c1", tmp_path / "shim.sock")
    if known:
        told.note(bundle)
    async with asyncio.timeout(20):
        exit_ = await ExternalRuntime(Daemon("", "")).clean_up(bundle, cast("Any", None))
    assert exit_ == (Exit(7, 137, 1) if known else None)
    assert program.deleted == 1
