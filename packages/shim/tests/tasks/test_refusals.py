"""What a task does not do: verbs that its state does not allow, names that are not there, or taken, bad requests."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from packages.shim.tests.tasks.keeping import FOREVER, Keeping
from packages.shim.tests.tasks.trouble import Trouble

from tiffin.runtime.errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OperationFailed,
)
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.values import CreateTask

pytestmark = pytest.mark.requires("root", "runc")


async def test_verbs_that_a_state_does_not_allow_change_nothing(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        tasks = keeper.tasks
        created = await keeper.create(FOREVER)
        running = await keeper.run(FOREVER)
        paused = await keeper.run(FOREVER)
        await tasks.pause(paused)
        stopped = await keeper.run(["true"])
        await tasks.wait(stopped)
        before = len(keeper.events)
        verbs: dict[str, Callable[[str], Coroutine[Any, Any, object]]] = {
            "start": tasks.start,
            "pause": tasks.pause,
            "resume": tasks.resume,
            "delete": tasks.delete,
            "update": lambda name: tasks.update(name, b"{}"),
            "exec": lambda name: tasks.execute(name, "e1", {"args": ["true"]}, Stdio()),
        }
        forbidden = {
            created: ("pause", "resume"),
            running: ("start", "resume", "delete"),
            paused: ("start", "pause", "delete", "exec"),
            stopped: ("start", "pause", "resume", "update", "exec"),
        }
        for name, refused in forbidden.items():
            state = await tasks.state(name)
            for verb in refused:
                with pytest.raises(FailedPrecondition, match=r"cannot|not running"):
                    await verbs[verb](name)
            assert await tasks.state(name) == state
        with pytest.raises(NotFound, match="process already finished"):
            await tasks.kill(stopped, "", signal.SIGTERM)
        assert len(keeper.events) == before


async def test_what_is_not_there_is_not_found(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        tasks = keeper.tasks
        name = await keeper.run(FOREVER)
        calls: tuple[Coroutine[Any, Any, object], ...] = (
            tasks.state("none"),
            tasks.start("none"),
            tasks.wait("none"),
            tasks.pids("none"),
        )
        for call in calls:
            with pytest.raises(NotFound):
                await call
        calls = (
            tasks.state(name, "e"),
            tasks.start(name, "e"),
            tasks.kill(name, "e"),
            tasks.delete(name, "e"),
        )
        for call in calls:
            with pytest.raises(NotFound, match="no such exec"):
                await call


async def test_an_id_is_used_once(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        request = keeper.request(FOREVER)
        both = await asyncio.gather(
            keeper.tasks.create(request), keeper.tasks.create(request), return_exceptions=True
        )
        assert sorted(type(one).__name__ for one in both) == ["AlreadyExists", "int"]
        with pytest.raises(AlreadyExists):
            await keeper.tasks.create(keeper.request(FOREVER).replace(id=request.id))
        other = keeper.new_tasks()
        with pytest.raises(AlreadyExists, match="was not taken back"):
            await other.create(request.replace(id="another"))
        with pytest.raises(AlreadyExists, match="has a container"):
            await other.create(keeper.request(FOREVER).replace(id=request.id))
        assert (await keeper.tasks.state(request.id)).status is Status.CREATED


async def test_what_cannot_be_created_leaves_nothing(keeper_of: Keeping, tmp_path: Path) -> None:
    async with keeper_of() as keeper:
        good = keeper.request(["true"])
        bad: list[tuple[CreateTask, type[Exception]]] = [
            (good.replace(id="../x"), InvalidArgument),
            (good.replace(id=""), InvalidArgument),
            (good.replace(bundle=str(tmp_path / "none")), NotFound),
            (good.replace(options=good.options.replace(binary="no-such-runtime")), NotFound),
            (good.replace(stdio=Stdio("", "ftp:///a")), InvalidArgument),
            (good.replace(stdio=Stdio("", "", f"{tmp_path}/none/fifo")), Exception),
            (keeper.request(["no-such-program"]), OperationFailed),
            (
                keeper.request(["true"], {"mounts": [{"destination": "/x", "type": "no-such-type"}]}),
                OperationFailed,
            ),
        ]
        for request, kind in bad:
            with pytest.raises(kind):
                await keeper.tasks.create(request)
            assert not keeper.folders()
        (keeper.bundles[good.id].path / "config.json").write_text("[")
        with pytest.raises(InvalidArgument, match=r"config\.json"):
            await keeper.tasks.create(good)
        assert keeper.events == []
        assert keeper.tasks.containers() == ()


async def test_what_cannot_be_undone_stays_written_down_and_the_first_reason_is_told(
    keeper_of: Keeping, tmp_path: Path
) -> None:
    async with keeper_of() as keeper:
        (tmp_path / "of-create").mkdir()
        delete = Trouble(keeper, tmp_path, "delete", "echo second reason >&2")
        Trouble(keeper, tmp_path / "of-create", "create", "echo first reason >&2", done=True)
        request = keeper.request(FOREVER, stdio=Stdio("", "", f"file://{tmp_path}/log"))
        with pytest.raises(OperationFailed) as caught:
            await keeper.tasks.create(request)
        assert "second" not in str(caught.value)
        assert keeper.tasks.containers() == ()
        assert {path.name for path in keeper.folders()} == {"tiffin", request.id}
        delete.over()
        assert await keeper.tasks.clean_up(request.bundle) is None
        assert keeper.folders() == []


async def test_the_reason_of_the_runtime_is_told(keeper_of: Keeping) -> None:
    async with keeper_of() as keeper:
        with pytest.raises(
            OperationFailed, match=r'exec: "no-such-program": executable file not found in \$PATH'
        ):
            await keeper.run(["no-such-program"])
