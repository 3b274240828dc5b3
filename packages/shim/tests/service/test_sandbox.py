"""A sandbox is created, started, stopped and shut down, with a process of its own or without, also after a kill."""

from __future__ import annotations

import asyncio
import json
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from packages.shim.tests.service.fake_tasks import FakeTasks

from tiffin.api.containerd.runtime.sandbox.v1.sandbox_services import SANDBOX
from tiffin.api.containerd.types.mount_pb2 import Mount as MountMessage
from tiffin.runtime import errors
from tiffin.shim.events.values import Mount
from tiffin.shim.monitor.values import Exit
from tiffin.shim.service import sandbox
from tiffin.shim.service.changes import Changes
from tiffin.shim.service.sandbox import NOT_READY, READY, SandboxService
from tiffin.shim.service.services import methods_of
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.values import CreateTask, Deleted, ProcessState
from tiffin.ttrpc import Client, Code, RpcError, Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

AT = 1_700_000_000_123_456_789
OWN_PID = 7
ENDED = Exit(143, 15, AT, oom_killed=False)


class Serving:
    def __init__(self, client: Client, tasks: FakeTasks, ended: asyncio.Event) -> None:
        self.client = client
        self.tasks = tasks
        self.ended = ended

    async def call(self, method: str, **fields: Any) -> Any:
        kinds: Any = SANDBOX.methods[method]
        request = kinds.request(sandbox_id="pod", **fields)
        return await self.client.call(SANDBOX.name, method, request, kinds.response, timeout=20)

    async def refused(self, method: str, **fields: Any) -> Code:
        with pytest.raises(RpcError) as caught:
            await self.call(method, **fields)
        return caught.value.code


@asynccontextmanager
async def serving(folder: Path, *, recover: str = "", **answers: Any) -> AsyncIterator[Serving]:
    tasks, ended, changes = FakeTasks(**answers), asyncio.Event(), Changes()
    service = SandboxService(tasks, ended.set, changes, own_pid=OWN_PID)  # type: ignore[arg-type]
    if recover:
        service.recover(recover)
    async with Server({SANDBOX.name: methods_of(SANDBOX, service)}) as server:
        await server.listen(folder / "shim")
        async with await Client.connect(folder / "shim") as client:
            yield Serving(client, tasks, ended)
        tasks.may_answer.set()
        await changes.settle()


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """Without a config: of a sandbox without a process."""
    path = tmp_path / "pod"
    path.mkdir()
    return str(path)


@pytest.fixture
def pause(tmp_path: Path, bundle: str) -> str:
    """With a process."""
    (tmp_path / "pod/config.json").write_text(json.dumps({"process": {"args": ["/pause"]}}))
    return bundle


async def test_one_without_a_process(tmp_path: Path, bundle: str) -> None:
    async with serving(tmp_path) as shim:
        await shim.call("CreateSandbox", bundle_path=bundle)
        assert (await shim.call("SandboxStatus")).state == NOT_READY
        started = await shim.call("StartSandbox")
        status = await shim.call("SandboxStatus")
        assert started.pid == status.pid == OWN_PID
        assert started.created_at == status.created_at
        assert (status.sandbox_id, status.state, status.HasField("exited_at")) == ("pod", READY, False)
        waiting = asyncio.ensure_future(shim.call("WaitSandbox"))
        await shim.call("PingSandbox")
        await shim.call("StopSandbox")
        assert (await waiting).exit_status == 0
        stopped = await shim.call("SandboxStatus")
        assert (stopped.state, stopped.HasField("exited_at")) == (NOT_READY, True)
        await shim.call("ShutdownSandbox")
        assert shim.ended.is_set()
        assert await shim.refused("PingSandbox") == Code.NOT_FOUND
    assert shim.tasks.called == []


async def test_one_with_a_process(tmp_path: Path, pause: str) -> None:
    state = ProcessState("pod", pause, 42, Status.RUNNING, Stdio())
    async with serving(
        tmp_path, create=42, start=42, state=state, wait=ENDED, delete=Deleted(42, 143, AT)
    ) as shim:
        await shim.call("CreateSandbox", bundle_path=pause, rootfs=[MountMessage(type="bind", source="/s")])
        assert (await shim.call("StartSandbox")).pid == 42
        status = await shim.call("SandboxStatus")
        assert (status.pid, status.state) == (42, READY)
        waited = await shim.call("WaitSandbox")
        assert (waited.exit_status, waited.exited_at.ToNanoseconds()) == (143, AT)
        await shim.call("ShutdownSandbox")
    create = CreateTask("pod", pause, (Mount("bind", "/s"),))
    assert shim.tasks.called[:2] == [("create", create), ("start", "pod")]
    assert shim.tasks.called[-1] == ("delete", "pod")


async def test_its_process_gets_time_and_is_killed_then(tmp_path: Path, pause: str) -> None:
    async with serving(tmp_path, create=42, start=42, wait=ENDED) as shim:
        shim.tasks.held.add("wait")
        await shim.call("CreateSandbox", bundle_path=pause)
        await shim.call("StartSandbox")
        stopping = asyncio.ensure_future(shim.call("StopSandbox", timeout_secs=1))
        async with asyncio.timeout(20):
            await shim.tasks.asked("kill", 2)
        shim.tasks.may_answer.set()
        await stopping
    kills = [call for call in shim.tasks.called if call[0] == "kill"]
    assert kills == [
        ("kill", "pod", "", signal.SIGTERM, ("everything", False)),
        ("kill", "pod", "", signal.SIGKILL, ("everything", True)),
    ]


async def test_one_that_has_ended_is_stopped(tmp_path: Path, pause: str) -> None:
    async with serving(tmp_path, create=42, start=42, wait=ENDED, kill=errors.NotFound("it ended")) as shim:
        await shim.call("CreateSandbox", bundle_path=pause)
        await shim.call("StartSandbox")
        await shim.call("StopSandbox")


async def test_a_process_that_cannot_be_made_leaves_no_sandbox(tmp_path: Path, pause: str) -> None:
    async with serving(tmp_path, create=errors.OperationFailed("no room")) as shim:
        assert await shim.refused("CreateSandbox", bundle_path=pause) == Code.UNKNOWN
        assert await shim.refused("PingSandbox") == Code.NOT_FOUND
    async with serving(tmp_path, recover=pause) as again:
        assert await again.refused("PingSandbox") == Code.NOT_FOUND


async def test_one_that_was_shut_down_is_not_known_again(tmp_path: Path, bundle: str) -> None:
    async with serving(tmp_path) as shim:
        await shim.call("CreateSandbox", bundle_path=bundle)
        await shim.call("ShutdownSandbox")
    async with serving(tmp_path, recover=bundle) as again:
        assert await again.refused("PingSandbox") == Code.NOT_FOUND


async def test_its_start_is_finished_though_its_client_has_gone(tmp_path: Path, pause: str) -> None:
    state = ProcessState("pod", pause, 42, Status.RUNNING, Stdio())
    async with serving(tmp_path, create=42, start=42, state=state) as shim:
        await shim.call("CreateSandbox", bundle_path=pause)
        shim.tasks.held.add("start")
        async with await Client.connect(tmp_path / "shim") as other:
            starting = asyncio.ensure_future(Serving(other, shim.tasks, shim.ended).call("StartSandbox"))
            await shim.tasks.began.wait()
        with pytest.raises(RpcError):
            await starting
        await shim.call("PingSandbox")  # by then it has seen the other one go
        shim.tasks.may_answer.set()
        assert (await shim.call("SandboxStatus")).state == READY
    assert shim.tasks.cancelled == []


async def test_one_that_is_stopped_while_it_is_started_is_stopped(tmp_path: Path, pause: str) -> None:
    async with serving(tmp_path, create=42, start=42, wait=ENDED) as shim:
        await shim.call("CreateSandbox", bundle_path=pause)
        shim.tasks.held.add("start")
        starting = asyncio.ensure_future(shim.call("StartSandbox"))
        await shim.tasks.began.wait()
        await shim.call("StopSandbox")
        shim.tasks.may_answer.set()
        await starting
    record = json.loads((tmp_path / "pod/sandbox.json").read_text())
    assert (record["started"], record["pid"], record["stopped_at"] > 0) == (True, 42, True)


async def test_one_that_does_not_end_is_not_stopped(
    tmp_path: Path, pause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "PATIENCE", 0.1)
    async with serving(tmp_path, create=42, start=42, wait=ENDED) as shim:
        shim.tasks.held.add("wait")
        await shim.call("CreateSandbox", bundle_path=pause)
        await shim.call("StartSandbox")
        assert await shim.refused("StopSandbox") == Code.DEADLINE_EXCEEDED


async def test_what_is_asked_too_often_or_too_early(tmp_path: Path, bundle: str) -> None:
    async with serving(tmp_path, containers=("one",)) as shim:
        assert await shim.refused("StartSandbox") == Code.NOT_FOUND
        await shim.call("CreateSandbox", bundle_path=bundle)
        assert await shim.refused("CreateSandbox", bundle_path=bundle) == Code.ALREADY_EXISTS
        await shim.call("StartSandbox")
        assert await shim.refused("StartSandbox") == Code.FAILED_PRECONDITION
        assert await shim.refused("ShutdownSandbox") == Code.FAILED_PRECONDITION
        assert not shim.ended.is_set()


async def test_it_is_known_after_a_kill(tmp_path: Path, bundle: str) -> None:
    async with serving(tmp_path) as shim:
        await shim.call("CreateSandbox", bundle_path=bundle)
        created_at = (await shim.call("StartSandbox")).created_at
    async with serving(tmp_path, recover=bundle) as again:
        status = await again.call("SandboxStatus")
        assert (status.state, status.pid, status.created_at) == (READY, OWN_PID, created_at)
        await again.call("StopSandbox")
    async with serving(tmp_path, recover=bundle) as third:
        assert (await third.call("SandboxStatus")).state == NOT_READY
        await third.call("WaitSandbox")


@pytest.mark.parametrize("text", ["", "[]", '{"id": "pod"}', '{"no": 1}'])
async def test_a_record_that_is_none_is_told(tmp_path: Path, bundle: str, text: str) -> None:
    (tmp_path / "pod/sandbox.json").write_text(text)
    with pytest.raises(errors.OperationFailed, match=r"sandbox\.json"):
        async with serving(tmp_path, recover=bundle):
            pass


async def test_the_platform_and_metrics(tmp_path: Path, pause: str) -> None:
    metrics = AnyMessage(type_url="some.Metrics", value=b"x")
    async with serving(tmp_path, create=42, start=42, stats=metrics) as shim:
        await shim.call("CreateSandbox", bundle_path=pause)
        platform = (await shim.call("Platform")).platform
        assert (platform.os, bool(platform.architecture)) == ("linux", True)
        found = (await shim.call("SandboxMetrics")).metrics
        assert (found.id, found.data) == ("pod", metrics)
