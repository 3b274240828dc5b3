"""A real containerd calls our server: a shim's binary that does no more than to print the address of this test."""

from __future__ import annotations

import asyncio
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import empty_pb2
from tests.interop.image import docker_archive
from tests.interop.peers import containerd_client

from tiffin.api.containerd.runtime.task.v2 import shim_pb2
from tiffin.api.containerd.runtime.task.v2.shim_services import TASK
from tiffin.api.containerd.types.task import task_pb2
from tiffin.ttrpc import Code, Context, RpcError, Server, implement
from tiffin_testing.rootfs import make_rootfs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.interop.client import Client

pytestmark = [pytest.mark.requires("root", "containerd", "ctr"), pytest.mark.usefixtures("nothing_left")]

IMAGE = "docker.io/library/busybox:test"
RUN = ("run", "--snapshotter", "native", "--runtime", "io.containerd.tiffintest.v2", "--null-io")
# `delete` prints an encoded DeleteResponse: none is an empty one
SHIM = """#!/bin/sh
for last; do :; done
if [ "$last" = start ]; then printf %s 'unix://{socket}'; fi
"""


@pytest.fixture
def ctr(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A containerd that finds our shim in its $PATH."""
    shim = folder / "containerd-shim-tiffintest-v2"
    shim.write_text(SHIM.format(socket=folder / "task"))
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    make_rootfs(folder / "rootfs")
    subprocess.run(["tar", "-C", folder / "rootfs", "-cf", folder / "rootfs.tar", "."], check=True)
    with ExitStack() as stack:
        client = stack.enter_context(containerd_client(folder))
        archive = docker_archive(folder / "rootfs.tar", folder / "image.tar", IMAGE)
        client("images", "import", "--snapshotter", "native", str(archive))
        yield client


class Task:
    """A task whose process exists in our answers only."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.contexts: list[Context] = []
        self.bundle = ""
        self.killed = asyncio.Event()

    @property
    def services(self) -> dict[str, Any]:
        names = ("Create", "Start", "Wait", "Delete", "State", "Connect", "Kill", "Shutdown", "Pids")
        return {TASK.name: implement(TASK, {name: getattr(self, name.lower()) for name in names})}

    def note(self, method: str, context: Context) -> None:
        self.called.append(method)
        self.contexts.append(context)

    async def create(
        self, request: shim_pb2.CreateTaskRequest, context: Context
    ) -> shim_pb2.CreateTaskResponse:
        self.note("Create", context)
        self.bundle = request.bundle
        return shim_pb2.CreateTaskResponse(pid=4242)

    async def start(self, _: shim_pb2.StartRequest, context: Context) -> shim_pb2.StartResponse:
        self.note("Start", context)
        return shim_pb2.StartResponse(pid=4242)

    async def wait(self, _: shim_pb2.WaitRequest, context: Context) -> shim_pb2.WaitResponse:
        self.note("Wait", context)
        await self.killed.wait()
        return shim_pb2.WaitResponse(exit_status=7)

    async def kill(self, _: shim_pb2.KillRequest, context: Context) -> empty_pb2.Empty:
        self.note("Kill", context)
        self.killed.set()
        return empty_pb2.Empty()

    async def state(self, request: shim_pb2.StateRequest, context: Context) -> shim_pb2.StateResponse:
        self.note("State", context)
        status = task_pb2.Status.STOPPED if self.killed.is_set() else task_pb2.Status.RUNNING
        return shim_pb2.StateResponse(id=request.id, bundle=self.bundle, pid=4242, status=status)

    async def delete(self, _: shim_pb2.DeleteRequest, context: Context) -> shim_pb2.DeleteResponse:
        self.note("Delete", context)
        return shim_pb2.DeleteResponse(pid=4242, exit_status=7)

    async def connect(self, _: shim_pb2.ConnectRequest, context: Context) -> shim_pb2.ConnectResponse:
        self.note("Connect", context)
        return shim_pb2.ConnectResponse(shim_pid=1, task_pid=4242)

    async def pids(self, _: shim_pb2.PidsRequest, context: Context) -> shim_pb2.PidsResponse:
        self.note("Pids", context)
        return shim_pb2.PidsResponse()

    async def shutdown(self, _: shim_pb2.ShutdownRequest, context: Context) -> empty_pb2.Empty:
        self.note("Shutdown", context)
        return empty_pb2.Empty()


async def test_a_task_runs_and_ends_as_we_say(ctr: Client, folder: Path) -> None:
    task = Task()
    async with Server(task.services) as server:
        await server.listen(folder / "task")
        await asyncio.to_thread(ctr, *RUN, "--detach", IMAGE, "one", "sh")
        assert "RUNNING" in await asyncio.to_thread(ctr, "task", "ls")
        waiting = asyncio.create_task(asyncio.to_thread(ctr, "task", "attach", "one", status=7))
        await asyncio.to_thread(ctr, "task", "kill", "one")
        await waiting
        await asyncio.to_thread(ctr, "container", "rm", "one")
    assert {"Create", "Start", "Wait", "Kill", "State", "Delete", "Shutdown"} <= set(task.called)
    by_name = dict(zip(task.called, task.contexts, strict=True))
    assert by_name["Create"].deadline is None
    assert by_name["Shutdown"].deadline is not None
    assert all(context.peer and context.peer.uid == 0 for context in task.contexts)


async def test_ctr_shows_the_error_of_our_handler(ctr: Client, folder: Path) -> None:
    task = Task()

    async def create(_: shim_pb2.CreateTaskRequest, context: Context) -> shim_pb2.CreateTaskResponse:
        task.note("Create", context)
        raise RpcError(Code.FAILED_PRECONDITION, "no tiffin today")

    services = {TASK.name: {**task.services[TASK.name], **implement(TASK, {"Create": create})}}
    async with Server(services) as server:
        await server.listen(folder / "task")
        shown = await asyncio.to_thread(ctr, *RUN, IMAGE, "two", "sh", status=1)
        assert "no tiffin today: failed precondition" in shown
        await asyncio.to_thread(ctr, "container", "rm", "two")
    assert task.called[0] == "Create"
