"""What tests of the monitor share: a `Scene` with a monitor, a listener that can be waited for, and FIFO readers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tiffin.runtime.errors import NotFound, Unavailable
from tiffin.shim.monitor import Exit, Monitor, Sink, Spawn, Streams

SECONDS = 30.0
NOTHING = Streams()
FOREVER = "exec sleep 1000"


class Heard:
    """A listener: what a monitor has told, in order."""

    def __init__(self) -> None:
        self.order: list[tuple[str, str]] = []
        self.exits: dict[str, Exit] = {}
        self.lost_it = False
        self._changed = asyncio.Event()

    def exited(self, name: str, exit: Exit) -> None:  # noqa: A002  # the field's own word
        assert name not in self.exits, f"{name} has ended twice"
        self.exits[name] = exit
        self._note("exited", name)

    def drained(self, name: str) -> None:
        self._note("drained", name)

    def lost(self) -> None:
        self.lost_it = True
        self._note("lost", "")

    def _note(self, event: str, name: str) -> None:
        self.order.append((event, name))
        self._changed.set()

    async def until(self, event: str, name: str) -> None:
        """Waits till that was told; raises TimeoutError."""
        async with asyncio.timeout(SECONDS):
            while (event, name) not in self.order:
                self._changed.clear()
                await self._changed.wait()

    async def exit_of(self, name: str) -> Exit:
        await self.until("exited", name)
        return self.exits[name]

    async def end_of(self, name: str) -> Exit:
        """Its exit, once all of its output is handed over too."""
        await self.until("drained", name)
        return self.exits[name]


async def ended(pid: int) -> None:
    """Waits till a process has ended, whosever child it is, and whether or not it is reaped; raises AssertionError."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        readable, _, _ = await asyncio.to_thread(select.select, [descriptor], [], [], 20)
    finally:
        os.close(descriptor)
    assert readable, f"{pid} still lives"


class Scene:
    """One monitor in a folder. folder: for files of the test. directory: the monitor's."""

    def __init__(self, folder: Path, orphan: Path) -> None:
        self.folder = folder
        self.orphan = orphan
        self.directory = str(folder / "m")
        self.heard = Heard()
        self.monitor: Monitor

    async def __aenter__(self) -> Self:
        self.monitor = await Monitor.start(self.directory, self.heard)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kills what lives, and has the monitor end; one that has ended already is fine."""
        await self.monitor.close()
        await self._end()
        await ended(self.monitor.pid)

    async def _end(self) -> None:
        with contextlib.suppress(Unavailable):
            await self.reconnect()
            for process in await self.monitor.processes():
                if process.pid and process.exit is None:
                    with contextlib.suppress(NotFound):
                        await self.monitor.signal(process.name, 9)
                        await self.heard.exit_of(process.name)
            await self.monitor.quit()

    async def rest(self) -> None:
        """Leaves the monitor alone until it ends by itself."""
        await self.monitor.close()
        await ended(self.monitor.pid)

    async def reconnect(self) -> None:
        """A client that comes later, with a memory of its own."""
        self.heard = Heard()
        self.monitor = await Monitor.connect(self.directory, self.heard)

    def spawn_of(self, name: str, script: str, streams: Streams = NOTHING, **more: object) -> Spawn:
        """What `run` takes to have a shell's script as a process."""
        return self.command(name, "/bin/sh", "-c", script, streams=streams, **more)

    def command(self, name: str, *argv: str, streams: Streams = NOTHING, **more: object) -> Spawn:
        pid_file = str(self.folder / f"{name}.pid")
        spawn = Spawn(name, (str(self.orphan), pid_file, *argv), streams=streams, pid_file=pid_file)
        return spawn.replace(**more)

    async def run(self, name: str, script: str, streams: Streams = NOTHING, **more: object) -> int:
        """Starts a shell's script as a process of the monitor; its pid."""
        return await self.monitor.run(self.spawn_of(name, script, streams, **more))

    async def run_terminal(self, name: str, script: str, streams: Streams = NOTHING) -> int:
        """The same with a pty, whose master is sent to the monitor's console socket."""
        pid_file = str(self.folder / f"{name}.pid")
        argv = (
            str(self.orphan),
            "-c",
            f"{self.directory}/{name}/console.sock",
            pid_file,
            "/bin/sh",
            "-c",
            script,
        )
        return await self.monitor.run(
            Spawn(name, argv, streams=streams.replace(terminal=True), pid_file=pid_file, console_socket=True)
        )

    def file(self, name: str) -> Path:
        return self.folder / name

    def sink(self, name: str, kind: str = "file", **more: object) -> Sink:
        """A sink for a file of this scene."""
        return Sink(kind, str(self.folder / name)).replace(**more)

    def to_file(self, name: str = "out") -> Streams:
        """Both outputs into one file."""
        sinks = (self.sink(name),)
        return Streams(stdout=sinks, stderr=sinks)

    def has_socket(self) -> bool:
        return Path(self.directory, "monitor.sock").exists()

    def log(self) -> str:
        """What the monitor has written to its own log."""
        path = Path(self.directory, "monitor.log")
        return path.read_text() if path.exists() else ""

    def status(self, field: str) -> int:
        """A number of the monitor's /proc/PID/status."""
        lines = Path(f"/proc/{self.monitor.pid}/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith(f"{field}:")))

    def descriptors(self) -> int:
        """How many the monitor has."""
        return len(os.listdir(f"/proc/{self.monitor.pid}/fd"))


Scenes = Callable[[], Scene]


class Reader:
    """The reading end of a pipe, FIFO or socket, in the loop."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.read = b""
        os.set_blocking(descriptor, False)

    @classmethod
    def of_fifo(cls, path: Path, *, ends: bool = True) -> Self:
        """A reader of a FIFO; one that is not to see its end has it open for writing too."""
        return cls(os.open(path, (os.O_RDONLY if ends else os.O_RDWR) | os.O_NONBLOCK))

    async def some(self, most: int = 65536) -> bytes:
        """What is there, once there is something; b"" at the end."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    piece = os.read(self.descriptor, most)
                except BlockingIOError:
                    ready: asyncio.Future[None] = loop.create_future()
                    loop.add_reader(self.descriptor, ready.set_result, None)
                    try:
                        await ready
                    finally:
                        loop.remove_reader(self.descriptor)
                else:
                    self.read += piece
                    return piece

    async def until(self, text: bytes) -> bytes:
        """All that was read, once it holds the text."""
        while text not in self.read:
            assert await self.some(), f"the end came before {text!r}: {self.read[-200:]!r}"
        return self.read

    async def to_the_end(self) -> bytes:
        while await self.some():
            pass
        return self.read

    def close(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
