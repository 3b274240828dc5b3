"""A creation is given up while it is undone already: all of that is done, whoever is cancelled, and how often."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from packages.manager.tests.runtimes.standing import StandInProgram, StandInShim

from tiffin.api.containerd.runtime.task.v2 import shim_pb2
from tiffin.manager.runtimes.bundles.bundle import Bundles
from tiffin.manager.runtimes.external import starting
from tiffin.manager.runtimes.external.program import Daemon
from tiffin.manager.runtimes.external.runtime import ExternalRuntime
from tiffin.manager.runtimes.table import RuntimeTable
from tiffin.manager.runtimes.values import Exit
from tiffin.manager.tasks.making import Maker
from tiffin.manager.tasks.request import Container, TaskRequest
from tiffin.manager.tasks.rootfs import Rootfs
from tiffin.runtime.errors import TimedOut, Unsupported
from tiffin.ttrpc import Context, Server, unary

if TYPE_CHECKING:
    from tiffin.manager.runtimes.bundles.bundle import Bundle
    from tiffin.manager.runtimes.external.bootstrap import Bootstrap


class SlowProgram(StandInProgram):
    """It takes its time to start, if a test wants so, and to remove what is left.

    starting, deleting: it has begun. may_start, may_end: it may go on.
    """

    def __init__(self, starts: StandInShim) -> None:
        super().__init__(starts)
        self.starting, self.may_start = asyncio.Event(), asyncio.Event()
        self.may_start.set()
        self.deleting, self.may_end = asyncio.Event(), asyncio.Event()

    async def start(self, bundle: Bundle, options: Any | None) -> Bootstrap:
        self.starting.set()
        await self.may_start.wait()
        return await super().start(bundle, options)

    async def delete(self, bundle: Bundle) -> Exit:
        self.deleting.set()
        await self.may_end.wait()
        return await super().delete(bundle)


class MakingShim(StandInShim):
    """It makes tasks, once it may. creating: it has begun. deletions: how many tasks were removed."""

    def __init__(self, address: Path) -> None:
        super().__init__(address)
        self.creating, self.may_create = asyncio.Event(), asyncio.Event()
        self.deletions = 0
        methods = {
            "Create": unary(shim_pb2.CreateTaskRequest, shim_pb2.CreateTaskResponse, self._create),
            "Delete": unary(shim_pb2.DeleteRequest, shim_pb2.DeleteResponse, self._delete),
        }
        self.server = Server({"containerd.task.v2.Task": methods})

    async def _create(self, _: shim_pb2.CreateTaskRequest, __: Context) -> shim_pb2.CreateTaskResponse:
        self.creating.set()
        await self.may_create.wait()
        return shim_pb2.CreateTaskResponse(pid=7)

    async def _delete(self, _: shim_pb2.DeleteRequest, __: Context) -> shim_pb2.DeleteResponse:
        self.deletions += 1
        return shim_pb2.DeleteResponse()


class Making:
    """The creation of a task in a shim that stands in."""

    def __init__(self, folder: Path, shim: StandInShim, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program = SlowProgram(shim)
        monkeypatch.setattr(ExternalRuntime, "_program", lambda *_: self.program)
        table = RuntimeTable(ExternalRuntime(Daemon("", "")))
        maker = Maker(table, Rootfs(None), cast("Any", None), 60.0)
        bundle = Bundles(str(folder / "root"), str(folder / "state")).of("default", "c1")
        self.bundle = Path(bundle.path)
        making = maker.make(bundle, Container("c1", None, self.program.path), TaskRequest("c1"))
        self.work = asyncio.ensure_future(making)


async def test_one_that_has_failed_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shim = StandInShim(tmp_path / "shim.sock")  # which makes no tasks
    made = Making(tmp_path, shim, monkeypatch)
    await made.program.deleting.wait()
    made.work.cancel()
    await asyncio.wait([made.work], timeout=0)
    made.program.may_end.set()
    with pytest.raises((asyncio.CancelledError, Unsupported)):
        await made.work
    assert (made.program.deleted, made.bundle.exists()) == (1, False)
    await shim.server.close()


async def test_one_whose_time_is_over_when_its_client_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = MakingShim(tmp_path / "shim.sock")
    made = Making(tmp_path, shim, monkeypatch)
    await shim.creating.wait()
    for _ in range(2):
        made.work.cancel()
        await asyncio.wait([made.work], timeout=0)
    shim.may_create.set()
    made.program.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await made.work
    assert (shim.deletions, made.program.deleted, made.bundle.exists()) == (1, 1, False)
    await shim.server.close()


async def test_one_whose_shim_is_being_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would wait for a reader of its log for ever, and the next one of its name with it."""
    shim = StandInShim(tmp_path / "shim.sock")
    made = Making(tmp_path, shim, monkeypatch)
    made.program.may_start.clear()
    made.program.may_end.set()
    await made.program.starting.wait()
    made.work.cancel()
    await asyncio.wait([made.work], timeout=0)
    log = os.open(made.bundle / "log", os.O_WRONLY | os.O_NONBLOCK)  # which somebody reads still
    os.close(log)
    made.program.may_start.set()
    with pytest.raises(asyncio.CancelledError):
        await made.work
    assert (shim.ended, made.program.deleted, made.bundle.exists()) == (1, 1, False)
    await shim.server.close()


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks whose shims were killed by what they have in their bundle."""
    names: list[str] = []

    async def kill(bundle: Bundle, _: str) -> None:
        names.append(bundle.id)

    monkeypatch.setattr(starting, "kill_shims", kill)
    return names


async def test_one_whose_shim_does_not_come_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: list[str]
) -> None:
    monkeypatch.setattr(starting, "PATIENCE", 0.05)
    made = Making(tmp_path, StandInShim(tmp_path / "shim.sock"), monkeypatch)
    made.program.may_start.clear()
    made.program.may_end.set()
    await made.program.starting.wait()
    made.work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await made.work
    assert (killed, made.bundle.exists()) == (["c1"], False)


async def test_one_whose_shim_has_taken_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: list[str]
) -> None:
    async def start(*_: object) -> None:
        raise TimedOut("start has not ended in 60 s; it was killed")

    monkeypatch.setattr(SlowProgram, "start", start)
    made = Making(tmp_path, StandInShim(tmp_path / "shim.sock"), monkeypatch)
    made.program.may_end.set()
    with pytest.raises(TimedOut):
        await made.work
    assert (killed, made.bundle.exists()) == (["c1"], False)
