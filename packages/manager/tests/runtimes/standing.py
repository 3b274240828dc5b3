"""Shims to stand in: a server that answers for tasks, and the program that starts it."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from google.protobuf.empty_pb2 import Empty

from tiffin.api.containerd.runtime.task.v2 import shim_pb2
from tiffin.api.containerd.types.introspection_pb2 import RuntimeInfo
from tiffin.manager.runtimes.bundles.bundle import Bundle
from tiffin.manager.runtimes.external import bootstrap
from tiffin.manager.runtimes.external.bootstrap import Bootstrap
from tiffin.manager.runtimes.values import Exit
from tiffin.ttrpc import Code, Context, RpcError, Server, unary

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.any_pb2 import Any


class StandInShim:
    """Serves at a socket. asked: of which tasks states were asked for. ended: how often it was asked to end.

    tasks: those that it has. hangs: those of which it tells nothing. failure: what it answers instead of a state.
    dies: it closes the connection of whoever asks for a state, and listens no more.
    """

    def __init__(self, address: Path, *tasks: str) -> None:
        self.address = address
        self.tasks, self.hangs = set(tasks), set[str]()
        self.asked: list[str] = []
        self.arrived = asyncio.Condition()
        self.ended = 0
        self.dies = False
        self.failure: RpcError | None = None
        self._closing: asyncio.Task[None] | None = None
        methods = {
            "State": unary(shim_pb2.StateRequest, shim_pb2.StateResponse, self._state),
            "Shutdown": unary(shim_pb2.ShutdownRequest, Empty, self._shutdown),
        }
        self.server = Server({"containerd.task.v2.Task": methods})

    async def listen(self) -> None:
        await self.server.listen(self.address, replace_stale=True)

    async def until_asked(self, task: str) -> None:
        async with asyncio.timeout(20), self.arrived:
            await self.arrived.wait_for(lambda: task in self.asked)

    async def _state(self, request: shim_pb2.StateRequest, _: Context) -> shim_pb2.StateResponse:
        self.asked.append(request.id)
        async with self.arrived:
            self.arrived.notify_all()
        if self.dies:
            self._closing = asyncio.ensure_future(self.server.close())
        if self.dies or request.id in self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        if request.id not in self.tasks:
            raise RpcError(Code.NOT_FOUND, "no such task")
        return shim_pb2.StateResponse(id=request.id, pid=7, status="RUNNING")

    async def _shutdown(self, _: shim_pb2.ShutdownRequest, __: Context) -> Empty:
        self.ended += 1
        return Empty()


class StandInProgram:
    """As `ShimProgram`. starts: the shim, when it is called; started: for which tasks it was."""

    path = "/bin/sh"

    def __init__(self, starts: StandInShim, *, takes_back: bool = True) -> None:
        self._starts = starts
        self._takes_back = takes_back
        self.started: list[str] = []
        self.deleted = 0
        self.failure: Exception | None = None

    async def info(self, _: Any | None) -> RuntimeInfo:
        return RuntimeInfo(annotations={"dev.tiffin.shim.takes-back": str(self._takes_back).lower()})

    async def start(self, bundle: Bundle, _: Any | None) -> Bootstrap:
        self.started.append(bundle.id)
        await self._starts.listen()
        return Bootstrap(f"unix://{self._starts.address}")

    async def delete(self, _: Bundle) -> Exit:
        self.deleted += 1
        if self.failure is not None:
            raise self.failure
        return Exit(7, 137, 1)


def bundle_of(folder: Path, name: str, address: Path) -> Bundle:
    """A bundle whose shim is, or was, at an address."""
    made = Bundle("default", name, str(folder / name), str(folder / "work" / name))
    os.makedirs(made.rootfs)
    bootstrap.keep(made, Bootstrap(f"unix://{address}"))
    return made
