"""What the tests of tasks share: `Keeper`, a `Tasks` on a real runtime; and the FIFOs that its processes write to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from tiffin.shim.events.values import Event
from tiffin.shim.runtimes.command_line import CommandLine
from tiffin.shim.runtimes.limits import TimeLimits
from tiffin.shim.runtimes.options import RuntimeOptions
from tiffin.shim.runtimes.port import OciRuntime
from tiffin.shim.stdio import Stdio
from tiffin.shim.tasks.tasks import Tasks
from tiffin.shim.tasks.values import CreateTask, Patience
from tiffin_testing.bundle import Bundle
from tiffin_testing.oci_runtime import new_id

NAMESPACE = "n1"
SECONDS = 20.0
FOREVER = ["sleep", "1000"]
NOTHING = Stdio()


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def process_of(args: list[str], **more: Any) -> dict[str, Any]:
    """The OCI process of an exec."""
    path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
    return {"args": args, "cwd": "/", "env": [path], "user": {"uid": 0, "gid": 0}, **more}


Keeping = Callable[[], contextlib.AbstractAsyncContextManager["Keeper"]]


class Keeper:
    """One `Tasks`, and what is below it. events: all that it has told."""

    def __init__(self, folder: Path, binary: str, make_bundle: Callable[..., Bundle]) -> None:
        self.folder = folder
        self.binary = binary
        self.root = folder / "state"
        self.events: list[Event] = []
        self.bundles: dict[str, Bundle] = {}
        self.outputs: list[Output] = []
        self._make_bundle = make_bundle
        self.limits = TimeLimits.at_most(60)
        self.patience = Patience()
        self.tasks = self.new_tasks()

    def new_tasks(self) -> Tasks:
        """Another `Tasks` for the same containers."""
        return Tasks(self.events.append, self.runtime_for, namespace=NAMESPACE, patience=self.patience)

    def runtime_for(self, options: RuntimeOptions) -> OciRuntime:
        return CommandLine(options, namespace=NAMESPACE, limits=self.limits)

    def options(self) -> RuntimeOptions:
        return RuntimeOptions(binary=self.binary, root=str(self.root))

    def request(
        self, args: list[str], config: dict[str, Any] | None = None, *, stdio: Stdio = NOTHING, **more: Any
    ) -> CreateTask:
        """A request for a new container, with a bundle of its own."""
        process = {"args": args, "terminal": stdio.terminal}
        bundle = self._make_bundle({"process": process, **(config or {})})
        identifier = new_id()
        self.bundles[identifier] = bundle
        return CreateTask(identifier, str(bundle.path), stdio=stdio, options=self.options(), **more)

    async def create(self, args: list[str], config: dict[str, Any] | None = None, **more: Any) -> str:
        """A container that waits for its start; its id."""
        request = self.request(args, config, **more)
        await self.tasks.create(request)
        return request.id

    async def run(self, args: list[str], config: dict[str, Any] | None = None, **more: Any) -> str:
        """One that runs."""
        container = await self.create(args, config, **more)
        await self.tasks.start(container)
        return container

    async def exec(self, container: str, args: list[str], stdio: Stdio = NOTHING, **more: Any) -> str:
        """A further process that runs; its id."""
        exec_id = f"e{len(self.tasks.execs(container))}-{os.urandom(4).hex()}"
        await self.tasks.execute(container, exec_id, process_of(args, **more), stdio)
        await self.tasks.start(container, exec_id)
        return exec_id

    def told(self, container: str = "") -> list[str]:
        """The events, by the last part of their topics: create, start, exec-added ..."""
        events = [event for event in self.events if container in {"", event.container_id}]
        return [event.topic.rpartition("/")[2] for event in events]

    async def empty(self, container: str) -> bool:
        """Whether a container has no processes, once those that are dying are dead."""
        for one in await self.tasks.pids(container):
            with contextlib.suppress(ProcessLookupError):
                end = os.pidfd_open(one.pid)
                assert await asyncio.to_thread(select.select, [end], [], [], SECONDS) != ([], [], [])
                os.close(end)
        return not await self.tasks.pids(container)

    async def finish(self) -> None:
        """Removes all that a test left, and looks whether the removal was whole."""
        await asyncio.gather(*(self.tasks.clean_up(str(bundle.path)) for bundle in self.bundles.values()))
        await self.tasks.close()
        for made in self.outputs:
            made.close()
        assert not self.folders(), "files are left"

    def folders(self) -> list[Path]:
        """What `Tasks` and the runtime have on disk for containers."""
        ours = (path for bundle in self.bundles.values() for path in bundle.path.glob("tiffin"))
        return [*ours, *self.root.glob(f"{NAMESPACE}/*")]


@contextlib.asynccontextmanager
async def keeping(keeper: Keeper) -> AsyncIterator[Keeper]:
    """Cleans up, also after a failure."""
    try:
        yield keeper
    finally:
        await keeper.finish()


class Output:
    """A FIFO that a process writes to. `until` reads it."""

    def __init__(self, folder: Path, name: str = "") -> None:
        self.path = folder / f"fifo-{name or os.urandom(4).hex()}"
        os.mkfifo(self.path)
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.read = b""

    async def until(self, text: str) -> str:
        """What was read so far, once it holds the text. Raises EOFError, TimeoutError."""
        async with asyncio.timeout(SECONDS):
            while text.encode() not in self.read:
                piece = await self._piece()
                if not piece:
                    raise EOFError(f"the FIFO has ended: {self.read!r}")
                self.read += piece
        return self.read.decode()

    async def to_the_end(self) -> str:
        """All of it, until nobody writes any more."""
        async with asyncio.timeout(SECONDS):
            while piece := await self._piece():
                self.read += piece
        return self.read.decode()

    async def begun(self) -> None:
        """Waits until something was written; it stays there to be read."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._descriptor, readable.set)
        await readable.wait()
        loop.remove_reader(self._descriptor)

    async def _piece(self) -> bytes:
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._descriptor, readable.set)
        try:
            while True:
                await readable.wait()
                readable.clear()
                with contextlib.suppress(BlockingIOError):
                    return os.read(self._descriptor, 65536)
        finally:
            loop.remove_reader(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


@contextlib.contextmanager
def output(folder: Path) -> Iterator[Output]:
    made = Output(folder)
    try:
        yield made
    finally:
        made.close()
