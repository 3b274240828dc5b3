"""Each method of the task service is one call of `Tasks`, and its answer is what containerd reads."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from packages.shim.tests.service.fake_tasks import FakeTasks

from tiffin.api.containerd.runtime.task.v2 import shim_pb2 as v2
from tiffin.api.containerd.runtime.task.v2.shim_services import TASK as TASK_V2
from tiffin.api.containerd.runtime.task.v3 import shim_pb2 as pb
from tiffin.api.containerd.runtime.task.v3.shim_services import TASK
from tiffin.api.containerd.types.mount_pb2 import Mount as MountMessage
from tiffin.api.containerd.types.runc.options import oci_pb2
from tiffin.api.containerd.types.task import task_pb2
from tiffin.api.typeurl import pack, unpack
from tiffin.runtime import errors
from tiffin.shim.events.values import Mount
from tiffin.shim.monitor.values import Exit
from tiffin.shim.runtimes.options import CheckpointOptions, RuntimeOptions
from tiffin.shim.service.changes import Changes
from tiffin.shim.service.messages import STATUSES
from tiffin.shim.service.sandbox import SandboxService
from tiffin.shim.service.services import services_of
from tiffin.shim.service.tasks import TaskService
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.states import Status
from tiffin.shim.tasks.values import Connection, CreateTask, Deleted, ProcessInfo, ProcessState
from tiffin.ttrpc import Client, Code, Raw, RpcError, Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from google.protobuf.message import Message

AT = 1_700_000_000_123_456_789
STDIO = Stdio("/in", "/out", "/err", terminal=True)


class Serving:
    """A shim's services upon fake tasks, and a client of them."""

    def __init__(self, client: Client, tasks: FakeTasks, ended: asyncio.Event) -> None:
        self.client = client
        self.tasks = tasks
        self.ended = ended

    async def call(self, method: str, request: Message, service: str = TASK.name) -> Any:
        response: Any = TASK.methods[method].response
        return await self.client.call(service, method, request, response, timeout=20)


@asynccontextmanager
async def serving(folder: Path, **answers: Any) -> AsyncIterator[Serving]:
    tasks, ended, changes = FakeTasks(**answers), asyncio.Event(), Changes()
    services = services_of(
        TaskService(tasks, ended.set, changes),  # type: ignore[arg-type]
        SandboxService(tasks, ended.set, changes, own_pid=7),  # type: ignore[arg-type]
    )
    async with Server(services) as server:
        await server.listen(folder / "shim")
        async with await Client.connect(folder / "shim") as client:
            yield Serving(client, tasks, ended)
        tasks.may_answer.set()
        await changes.settle()


def test_version_2_has_the_messages_of_version_3() -> None:
    assert TASK.methods.keys() == TASK_V2.methods.keys()
    for message, older in zip(
        sorted(pb.DESCRIPTOR.message_types_by_name.items()),
        sorted(v2.DESCRIPTOR.message_types_by_name.items()),
        strict=True,
    ):
        assert message[0] == older[0]
        assert [shape(field) for field in message[1].fields] == [shape(field) for field in older[1].fields]


def shape(field: Any) -> tuple[Any, ...]:
    kind = field.message_type.full_name.replace(".v2.", ".v3.") if field.message_type else ""
    return field.number, field.name, field.type, field.is_repeated, kind


async def test_every_method_has_a_handler_under_both_names(tmp_path: Path) -> None:
    async with serving(tmp_path) as shim:
        services = services_of(
            TaskService(shim.tasks, shim.ended.set, Changes()),  # type: ignore[arg-type]
            SandboxService(shim.tasks, shim.ended.set, Changes(), own_pid=7),  # type: ignore[arg-type]
        )
    assert services[TASK.name].keys() == services[TASK_V2.name].keys() == TASK.methods.keys()


async def test_version_2_is_answered(tmp_path: Path) -> None:
    async with serving(tmp_path, connect=Connection(5, 6)) as shim:
        request = v2.ConnectRequest(id="one")
        answer = await shim.client.call(TASK_V2.name, "Connect", request, v2.ConnectResponse, timeout=20)
    assert (answer.shim_pid, answer.task_pid) == (os.getpid(), 6)


async def test_a_shim_without_the_container_is_there_all_the_same(tmp_path: Path) -> None:
    async with serving(tmp_path, connect=errors.NotFound("no one")) as shim:
        answer = await shim.call("Connect", pb.ConnectRequest(id="one"))
    assert (answer.shim_pid, answer.task_pid) == (os.getpid(), 0)


async def test_create(tmp_path: Path) -> None:
    request = pb.CreateTaskRequest(
        id="one", bundle="/b", stdin="/in", stdout="/out", stderr="/err", terminal=True, checkpoint="/image",
        parent_checkpoint="/before", options=pack(oci_pb2.Options(binary_name="crun")),
        rootfs=[MountMessage(type="bind", source="/s", target="t", options=["ro"])],
    )  # fmt: skip
    async with serving(tmp_path, create=42) as shim:
        assert (await shim.call("Create", request)).pid == 42
    assert shim.tasks.called == [
        (
            "create",
            CreateTask(
                "one",
                "/b",
                (Mount("bind", "/s", "t", ("ro",)),),
                STDIO,
                "/image",
                "/before",
                RuntimeOptions("crun"),
            ),
        )
    ]


async def test_exec_and_start(tmp_path: Path) -> None:
    request = pb.ExecProcessRequest(
        id="one",
        exec_id="two",
        stdin="/in",
        stdout="/out",
        stderr="/err",
        terminal=True,
        spec=AnyMessage(value=b"{}"),
    )
    async with serving(tmp_path, start=43) as shim:
        await shim.call("Exec", request)
        assert (await shim.call("Start", pb.StartRequest(id="one", exec_id="two"))).pid == 43
    assert shim.tasks.called == [("execute", "one", "two", b"{}", STDIO), ("start", "one", "two")]


@pytest.mark.parametrize("status", Status)
async def test_state(tmp_path: Path, status: Status) -> None:
    state = ProcessState("two", "/b", 42, status, STDIO, 137, AT)
    async with serving(tmp_path, state=state) as shim:
        found = await shim.call("State", pb.StateRequest(id="one", exec_id="two"))
    assert (found.id, found.exec_id, found.bundle, found.pid) == ("two", "two", "/b", 42)
    assert Stdio(found.stdin, found.stdout, found.stderr, found.terminal) == STDIO
    assert (found.status, found.exit_status, found.exited_at.ToNanoseconds()) == (STATUSES[status], 137, AT)
    assert found.status != task_pb2.UNKNOWN


async def test_a_process_that_lives_ends_in_the_year_1(tmp_path: Path) -> None:
    """Go's zero time, as the real shim has it."""
    async with serving(tmp_path, state=ProcessState("one", "/b", 42, Status.RUNNING, Stdio())) as shim:
        assert (await shim.call("State", pb.StateRequest(id="one"))).exited_at.seconds == -62_135_596_800


async def test_wait_and_delete(tmp_path: Path) -> None:
    ended, deleted = Exit(9, 0, AT, oom_killed=False), Deleted(42, 9, AT)
    async with serving(tmp_path, wait=ended, delete=deleted) as shim:
        waited = await shim.call("Wait", pb.WaitRequest(id="one", exec_id="two"))
        gone = await shim.call("Delete", pb.DeleteRequest(id="one", exec_id="two"))
    assert (waited.exit_status, waited.exited_at.ToNanoseconds()) == (9, AT)
    assert (gone.pid, gone.exit_status, gone.exited_at.ToNanoseconds()) == (42, 9, AT)
    assert shim.tasks.called == [("wait", "one", "two"), ("delete", "one", "two")]


async def test_pids_tell_which_are_execs(tmp_path: Path) -> None:
    async with serving(tmp_path, pids=[ProcessInfo(42), ProcessInfo(43, "two")]) as shim:
        processes = (await shim.call("Pids", pb.PidsRequest(id="one"))).processes
    assert [process.pid for process in processes] == [42, 43]
    assert not processes[0].HasField("info")
    assert unpack(processes[1].info, oci_pb2.ProcessDetails).exec_id == "two"


async def test_stats_are_handed_on(tmp_path: Path) -> None:
    async with serving(tmp_path, stats=AnyMessage(type_url="some.Metrics", value=b"x")) as shim:
        assert (await shim.call("Stats", pb.StatsRequest(id="one"))).stats.type_url == "some.Metrics"


@pytest.mark.parametrize(
    ("method", "request_", "called"),
    [
        ("Pause", pb.PauseRequest(id="one"), ("pause", "one")),
        ("Resume", pb.ResumeRequest(id="one"), ("resume", "one")),
        (
            "Kill",
            pb.KillRequest(id="one", exec_id="two", signal=9, all=True),
            ("kill", "one", "two", 9, ("everything", True)),
        ),
        (
            "ResizePty",
            pb.ResizePtyRequest(id="one", exec_id="two", width=80, height=24),
            ("resize", "one", "two", 80, 24),
        ),
        ("CloseIO", pb.CloseIORequest(id="one", exec_id="two", stdin=True), ("close_io", "one", "two")),
        (
            "Update",
            pb.UpdateTaskRequest(id="one", resources=AnyMessage(value=b"{}")),
            ("update", "one", b"{}"),
        ),
        (
            "Checkpoint",
            pb.CheckpointTaskRequest(
                id="one", path="/image", options=pack(oci_pb2.CheckpointOptions(exit=True))
            ),
            ("checkpoint", "one", CheckpointOptions("/image", exit=True)),
        ),
    ],
)
async def test_what_has_no_answer(
    tmp_path: Path, method: str, request_: Message, called: tuple[Any, ...]
) -> None:
    async with serving(tmp_path) as shim:
        assert await shim.call(method, request_) == Empty()
    assert shim.tasks.called == [called]


async def test_nothing_but_stdin_is_closed(tmp_path: Path) -> None:
    async with serving(tmp_path) as shim:
        await shim.call("CloseIO", pb.CloseIORequest(id="one"))
    assert shim.tasks.called == []


@pytest.mark.parametrize(("containers", "ends"), [((), True), (("one",), False)])
async def test_a_shim_ends_when_it_keeps_no_container(
    tmp_path: Path, containers: tuple[str, ...], *, ends: bool
) -> None:
    async with serving(tmp_path, containers=containers) as shim:
        await shim.call("Shutdown", pb.ShutdownRequest(id="one", now=True))
        assert shim.ended.is_set() == ends


async def test_a_shim_does_not_end_while_it_creates(tmp_path: Path) -> None:
    async with serving(tmp_path, create=42) as shim:
        shim.tasks.held.add("create")
        creating = asyncio.ensure_future(shim.call("Create", pb.CreateTaskRequest(id="one", bundle="/b")))
        await shim.tasks.began.wait()
        await shim.call("Shutdown", pb.ShutdownRequest(id="two"))
        assert not shim.ended.is_set()
        shim.tasks.answers["containers"] = ("one",)
        shim.tasks.may_answer.set()
        assert (await creating).pid == 42
        assert not shim.ended.is_set()


async def test_a_shim_ends_when_it_has_created_nothing_after_all(tmp_path: Path) -> None:
    """containerd asks once: after a creation that it gave up while it went on."""
    async with serving(tmp_path, create=errors.OperationFailed("no room")) as shim:
        shim.tasks.held.add("create")
        creating = asyncio.ensure_future(shim.call("Create", pb.CreateTaskRequest(id="one", bundle="/b")))
        await shim.tasks.began.wait()
        await shim.call("Shutdown", pb.ShutdownRequest(id="one"))
        shim.tasks.may_answer.set()
        with pytest.raises(RpcError):
            await creating
        assert shim.ended.is_set()


async def test_what_fails_when_its_client_has_gone_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, create=errors.OperationFailed("no room"), connect=Connection(5, 6)) as shim:
        shim.tasks.held.add("create")
        async with await Client.connect(tmp_path / "shim") as other:
            request = pb.CreateTaskRequest(id="one", bundle="/b")
            creating = asyncio.ensure_future(
                other.call(TASK.name, "Create", request, pb.CreateTaskResponse, timeout=20)
            )
            await shim.tasks.began.wait()
        with pytest.raises(RpcError):
            await creating
        await shim.call("Connect", pb.ConnectRequest(id="one"))  # by then it has seen the other one go
        shim.tasks.may_answer.set()
    assert "no room" in caplog.text


@pytest.mark.parametrize(
    ("method", "request_", "error", "code", "text"),
    [
        ("State", pb.StateRequest(id="x"), errors.NotFound("no x"), Code.NOT_FOUND, "no x"),
        (
            "Create",
            pb.CreateTaskRequest(id="x"),
            errors.OperationFailed("no room"),
            Code.UNKNOWN,
            "OCI runtime create failed: no room",
        ),
        (
            "Start",
            pb.StartRequest(id="x", exec_id="y"),
            errors.OperationFailed("no such program"),
            Code.UNKNOWN,
            "OCI runtime exec failed: no such program",
        ),
        (
            "Start",
            pb.StartRequest(id="x"),
            errors.OperationFailed("gone"),
            Code.UNKNOWN,
            "OCI runtime start failed: gone",
        ),
        ("Pids", pb.PidsRequest(id="x"), errors.TimedOut("late"), Code.DEADLINE_EXCEEDED, "late"),
    ],
)
async def test_a_failure_is_a_code_and_a_text(
    tmp_path: Path, method: str, request_: Message, error: Exception, code: Code, text: str
) -> None:
    name = {"State": "state", "Create": "create", "Start": "start", "Pids": "pids"}[method]
    async with serving(tmp_path, **{name: error}) as shim:
        with pytest.raises(RpcError) as caught:
            await shim.call(method, request_)
    assert (caught.value.code, caught.value.message) == (code, text)


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("Create", pb.CreateTaskRequest(id="one", bundle="/b")),
        ("Start", pb.StartRequest(id="one")),
        ("Exec", pb.ExecProcessRequest(id="one", exec_id="two")),
        ("Kill", pb.KillRequest(id="one", signal=9)),
        ("Pause", pb.PauseRequest(id="one")),
        ("Delete", pb.DeleteRequest(id="one")),
    ],
)
async def test_what_changes_something_is_finished_though_the_client_goes(
    tmp_path: Path, method: str, request_: Message
) -> None:
    name = {"Exec": "execute"}.get(method, method.lower())
    async with serving(tmp_path) as shim:
        shim.tasks.held.add(name)
        asking = asyncio.ensure_future(shim.call(method, request_))
        await shim.tasks.began.wait()
        await shim.client.close()
        with pytest.raises(RpcError):
            await asking
        shim.tasks.may_answer.set()
    assert [call[0] for call in shim.tasks.called] == [name]
    assert shim.tasks.cancelled == []


async def test_who_waits_no_more_is_forgotten(tmp_path: Path) -> None:
    async with serving(tmp_path) as shim:
        shim.tasks.held.add("wait")
        asking = asyncio.ensure_future(shim.call("Wait", pb.WaitRequest(id="one")))
        await shim.tasks.began.wait()
        await shim.client.close()
        with pytest.raises(RpcError):
            await asking
    assert shim.tasks.cancelled == ["wait"]  # at the latest when the server was closed


async def test_what_is_no_message_is_refused_and_the_shim_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path, connect=Connection(5, 6)) as shim:
        for data in (b"\xff", b"\x0a\x05ab", b"\x08\x01\x08"):
            with pytest.raises(RpcError) as caught:
                await shim.client.call(TASK.name, "State", Raw(data), Raw, timeout=20)
            assert caught.value.code == Code.INVALID_ARGUMENT
        assert (await shim.call("Connect", pb.ConnectRequest(id="one"))).task_pid == 6


@pytest.mark.parametrize(
    ("service", "method"), [("containerd.task.v4.Task", "State"), (TASK.name, "Explode")]
)
async def test_what_there_is_not_is_unimplemented(tmp_path: Path, service: str, method: str) -> None:
    async with serving(tmp_path) as shim:
        with pytest.raises(RpcError) as caught:
            await shim.client.call(service, method, Raw(), Raw, timeout=20)
    assert caught.value.code == Code.UNIMPLEMENTED
