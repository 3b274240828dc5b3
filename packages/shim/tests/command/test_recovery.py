"""Which bundles a shim takes back: its own, and those that name its socket, in either file."""

from __future__ import annotations

import asyncio
import errno
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tiffin.api.containerd.runtime.task.v3.shim_pb2 import StateRequest
from tiffin.runtime.errors import OperationFailed, RuntimeFailure, TimedOut, Unavailable
from tiffin.shim.command.recovery import bundles_of
from tiffin.shim.command.serve import ShimSettings
from tiffin.shim.command.shim import Shim
from tiffin.shim.tasks import recovery
from tiffin.shim.tasks.records import FOLDER, TaskRecord, write_task
from tiffin.shim.tasks.tasks import Tasks
from tiffin.shim.tasks.values import CreateTask
from tiffin.ttrpc import Context

SOCKET = "/run/containerd/s/abc"


def bundle(folder: Path, name: str, *, address: str = "", bootstrap: str = "", task: bool = True) -> None:
    (folder / name).mkdir()
    if task:
        (folder / name / "tiffin").mkdir()
    if address:
        (folder / name / "address").write_text(address)
    if bootstrap:
        (folder / name / "bootstrap.json").write_text(json.dumps({"version": 3, "address": bootstrap}))


def found(folder: Path, *, recovers: bool = True) -> list[str]:
    settings = ShimSettings("n", "own", str(folder / "own"), "", "", SOCKET, recovers=recovers)
    return [path.rpartition("/")[2] for path in bundles_of(settings)]


def test_own_and_those_of_the_group(tmp_path: Path) -> None:
    bundle(tmp_path, "own")
    bundle(tmp_path, "by-address", address=f"unix://{SOCKET}")
    bundle(tmp_path, "by-bootstrap", bootstrap=f"unix://{SOCKET}")
    bundle(tmp_path, "of-another", address="unix:///run/containerd/s/def", bootstrap="unix:///other")
    bundle(tmp_path, "of-nobody")
    bundle(tmp_path, "already-deleted", address=f"unix://{SOCKET}", task=False)
    assert found(tmp_path) == ["own", "by-address", "by-bootstrap"]


def test_own_may_have_nothing_left(tmp_path: Path) -> None:
    bundle(tmp_path, "own", task=False)
    bundle(tmp_path, "beside", address=SOCKET)
    assert found(tmp_path) == ["beside"]


def test_a_first_shim_looks_for_nothing(tmp_path: Path) -> None:
    bundle(tmp_path, "own")
    bundle(tmp_path, "beside", address=SOCKET)
    assert found(tmp_path, recovers=False) == []


@pytest.mark.parametrize("text", ["", "\0\xff", "[]", '{"address": 5}', "{"])
def test_files_that_name_nothing_are_passed_over(tmp_path: Path, text: str) -> None:
    bundle(tmp_path, "own")
    bundle(tmp_path, "beside")
    (tmp_path / "beside/address").write_text(text)
    (tmp_path / "beside/bootstrap.json").write_text(text)
    assert found(tmp_path) == ["own"]


def test_a_bundle_that_is_gone(tmp_path: Path) -> None:
    assert found(tmp_path / "nowhere") == []


async def test_it_serves_while_all_are_taken_back_and_one_that_cannot_be_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("own", "a", "b"):
        bundle(tmp_path, name, address=f"unix://{SOCKET}")
    serves, asked = asyncio.Event(), []

    async def recover(_: Tasks, path: str) -> None:
        asked.append(Path(path).name)
        await serves.wait()
        raise PermissionError(path)

    monkeypatch.setattr(Tasks, "recover_at_last", recover)
    async with asyncio.timeout(20), AsyncExitStack() as stack:
        await Shim(ShimSettings("n", "own", str(tmp_path / "own"), "", "", SOCKET))._prepare(stack)
        assert sorted(asked) == ["a", "b", "own"]
        serves.set()


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("the machine is slow"),
        Unavailable("the monitor has just ended"),
        OperationFailed("too many open files", errno=errno.EMFILE),
        OperationFailed("freezer.state stayed FREEZING", errno=errno.ETIMEDOUT),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_task_that_does_not_answer_in_time_is_not_told_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: RuntimeFailure
) -> None:
    """A manager that heard so would remove it, with all that runs in it."""
    bundle(tmp_path, "own")
    path = str(tmp_path / "own")
    write_task(f"{path}/{FOLDER}", TaskRecord(CreateTask("own", path), "n", shared_pids=False))
    tries, tried_again = 0, asyncio.Event()

    async def recover(*_: object) -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            tried_again.set()
        raise error

    monkeypatch.setattr(recovery, "recover", recover)
    monkeypatch.setattr(recovery, "BETWEEN_TRIES", 0.0)
    async with asyncio.timeout(20), AsyncExitStack() as stack:
        server = await Shim(ShimSettings("n", "own", path, "", "", SOCKET))._prepare(stack)
        state = server.method("containerd.task.v3.Task", "State").handler
        context = Context("containerd.task.v3.Task", "State", (), None, None)
        asking = asyncio.ensure_future(state(StateRequest(id="own"), context))
        waiting = asyncio.ensure_future(tried_again.wait())
        done, _ = await asyncio.wait([asking, waiting], return_when=asyncio.FIRST_COMPLETED)
        assert done == {waiting}
        asking.cancel()
