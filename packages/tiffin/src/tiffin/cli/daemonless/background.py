"""`tiffin run --detach`: the container as the child of a monitor of its own, which outlives us.

monitor ─ create (the runtime, through the monitor) ─ start ─ we go; the monitor keeps log, streams and exit code
"""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from tiffin.cli.daemonless.monitored import LOG, MONITOR
from tiffin.cli.execute.external import code_of
from tiffin.cli.failure import CommandFailed
from tiffin.cli.run.log_limits import LogLimits
from tiffin.runtime.errors import OperationFailed, RuntimeFailure
from tiffin.runtime.record import Record
from tiffin.shim.monitor import Monitor, Sink, Streams
from tiffin.shim.runtimes.options import RuntimeOptions
from tiffin.shim.runtimes.port import Creation, Execution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tiffin.shim.monitor import Exit
    from tiffin.shim.runtimes.port import OciRuntime


class Background(Record):
    """One container to start, or that runs.

    folder: the container's, with config.json and a mounted rootfs. runtime: path of an OCI runtime, "" for our own.
    state: that one's directory of state. tty: it has a terminal. stdin: `attach` may write to it.
    """

    name: str
    folder: str
    runtime: str
    state: str
    tty: bool = False
    stdin: bool = False
    limits: LogLimits = LogLimits()


def start_in_background(background: Background) -> None:
    """Starts it. Raises CommandFailed, RuntimeFailure, and then nothing runs."""
    os.makedirs(os.path.join(background.folder, os.path.dirname(LOG)), mode=0o700, exist_ok=True)
    with _exit_codes(background):
        asyncio.run(_start(background))


async def _start(background: Background) -> None:
    monitor = await Monitor.start(os.path.join(background.folder, MONITOR), NOBODY)
    try:
        with ExitStack() as stack:
            await _create_and_start(_runtime(background, stack), monitor, background)
    except BaseException:
        await monitor.quit()
        raise
    await monitor.close()


async def _create_and_start(runtime: OciRuntime, monitor: Monitor, background: Background) -> None:
    await runtime.create(monitor, background.name, Creation(background.folder, _streams(background)))
    try:
        await runtime.start(background.name)
    except BaseException:
        with suppress(RuntimeFailure):  # what failed before is told
            await runtime.delete(background.name, force=True)
        raise


def execute_in_background(background: Background, process: bytes) -> None:
    """Starts a further process, as a child of the container's monitor, which reaps it; its streams are /dev/null.

    Args:
        process: OCI's `process`, as JSON.

    Raises:
        CommandFailed, RuntimeFailure: it could not be started.
    """
    with _exit_codes(background):
        asyncio.run(_execute(background, process))


async def _execute(background: Background, process: bytes) -> None:
    monitor = await Monitor.connect(os.path.join(background.folder, MONITOR), NOBODY)
    try:
        with ExitStack() as stack:
            execution = Execution(f"exec-{secrets.token_hex(8)}", process, Streams())
            await _runtime(background, stack).execute(monitor, background.name, execution)
    finally:
        await monitor.close()


@contextmanager
def _exit_codes(background: Background) -> Iterator[None]:
    """Of programs that are not there or cannot be executed, as an external runtime tells of them."""
    try:
        yield
    except OperationFailed as error:
        if not background.runtime:
            raise
        raise CommandFailed(str(error), code_of(str(error))) from error


def _streams(background: Background) -> Streams:
    limits = background.limits
    path = os.path.join(background.folder, LOG)
    sink = Sink("json-file", path, max_bytes=limits.max_bytes, max_files=limits.max_files)
    return Streams(
        stdout=(sink,),
        stderr=() if background.tty else (sink,),
        terminal=background.tty,
        attachable=True,
        attached_stdin=background.stdin,
    )


def _runtime(background: Background, stack: ExitStack) -> OciRuntime:
    """Its state is where the other commands look for it: the last part of the directory is the port's namespace."""
    above, last = os.path.split(background.state)
    directory = os.path.join(background.folder, MONITOR)
    options = RuntimeOptions(binary=background.runtime, root=above, directory=directory)
    if background.runtime:
        from tiffin.shim.runtimes.command_line import CommandLine

        return CommandLine(options, namespace=last)
    from tiffin.shim.runtimes.in_process import Executor, InProcess

    return InProcess(stack.enter_context(Executor(above)), options, namespace=last)


class _Nobody:
    """A `Listener` that is not interested: what happens is on the disk."""

    def exited(self, name: str, exit: Exit) -> None:  # noqa: A002  # the listener's own names
        pass

    def drained(self, name: str) -> None:
        pass

    def lost(self) -> None:
        pass


NOBODY = _Nobody()
