"""A runtime's command that makes a process (`create`, `restore`, `exec`), run by the container's monitor.

Its files lie in the container's folder while it works: `<name>@log`, `<name>@pid`, and an exec's `<name>@json`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from contextlib import ExitStack

from tiffin.runtime.errors import NotFound, OperationFailed, TimedOut, Unavailable

from ..monitor.errors import CommandFailed
from ..monitor.values import INIT, Spawn, console_socket_path, file_of
from ..tasks.threads import in_thread
from .commands import runtime_environment
from .reports import said
from .stopping import SECONDS, forget_in_time, kill_commands, pid_file_of, stop_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..monitor.client import Monitor
    from ..monitor.values import Streams
    from .command_line import CommandLine
    from .port import Execution

MODE = 0o600


class MonitoredCommand:
    """One run of one verb."""

    def __init__(self, runtime: CommandLine, monitor: Monitor, verb: str, identifier: str) -> None:
        self._runtime = runtime
        self._monitor = monitor
        self._verb = verb
        self._identifier = identifier

    async def run_init(self, words: list[str], streams: Streams) -> int:
        """Runs it for the container's first process. words: the arguments of the verb."""
        with ExitStack() as stack:
            return await self._run(stack, INIT, words, streams)

    async def run_further(self, words: list[str], execution: Execution) -> int:
        """Runs it for an exec."""
        with ExitStack() as stack:
            path = self._file(stack, execution.name, "json")
            _write(path, execution.process)
            return await self._run(stack, execution.name, ["--process", path, *words], execution.streams)

    async def _run(self, stack: ExitStack, name: str, words: list[str], streams: Streams) -> int:
        directory = self._runtime.options.directory
        log = self._file(stack, name, "log")
        pid_file = pid_file_of(directory, name)
        stack.callback(_remove, pid_file)
        words = [*words, "--pid-file", pid_file]
        if streams.terminal:
            words += ["--console-socket", console_socket_path(directory, name)]
        spawn = Spawn(
            name=name,
            argv=(*self._runtime.words(self._verb, log), *words, self._identifier),
            environment=tuple(f"{name}={value}" for name, value in runtime_environment().items()),
            directory=directory,
            streams=streams,
            pid_file=pid_file,
            console_socket=streams.terminal,
        )
        return await self._to_its_end(spawn, log)

    async def _to_its_end(self, spawn: Spawn, log: str) -> int:
        seconds = self._runtime.limits.of(self._verb)
        running = asyncio.ensure_future(self._monitor.run(spawn))
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(running)
        except CommandFailed as failure:
            why = said(_read(log), failure.output) or f"exit status {failure.status}"
            raise await self._runtime.failure(self._verb, self._identifier, why) from None
        except Unavailable:  # nobody would take what it makes
            await in_thread(kill_commands, spawn.pid_file)
            raise
        except TimeoutError:
            if pid := await stop_command(self._monitor, spawn, running):
                return pid
            raise TimedOut(
                f"OCI runtime {self._verb} of {self._identifier} hangs: {self._runtime.program} did not end in "
                f"{seconds:g} s, and was killed"
            ) from None
        except asyncio.CancelledError:
            if await stop_command(self._monitor, spawn, running):
                await self._end(spawn.name)
            raise

    async def _end(self, name: str) -> None:
        """Nobody waits for the process any more."""
        with contextlib.suppress(NotFound, TimeoutError):
            async with asyncio.timeout(SECONDS):
                await self._monitor.signal(name, signal.SIGKILL)
        await forget_in_time(self._monitor, name)

    def _file(self, stack: ExitStack, name: str, kind: str) -> str:
        """The path of a file that goes with the command."""
        path = file_of(self._runtime.options.directory, name, kind)
        stack.callback(_remove, path)
        return path


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:  # it failed before it wrote anything
        return b""


def _write(path: str, data: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
    except OSError as error:
        raise OperationFailed(f"{path}: {error.strerror}", errno=error.errno or 0) from error
