"""The task of a new container: on our own streams, or in the background with a log or FIFOs."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from tiffin.cli.attending.attendance import Attendance
from tiffin.cli.execute.external import code_of
from tiffin.cli.failure import CommandFailed
from tiffin.cli.managed.attended_process import ManagedProcess
from tiffin.cli.managed.held_fifos import held
from tiffin.cli.run.labels import FOLDER, LOG
from tiffin.manager.client.fifos import Fifos
from tiffin.runtime.errors import NotFound, RuntimeFailure

if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments
    from tiffin.manager.client.containers import Container
    from tiffin.manager.client.tasks import Task


class GivenStreams(Fifos):
    """Streams that others read and write: FIFOs that stay, or URIs."""

    def __init__(self, stdin: str, stdout: str, stderr: str) -> None:  # nothing is made, nothing is opened
        self.paths = (stdin, stdout, stderr)

    async def connect(self) -> None:
        """Nobody writes yet."""


async def run_in_background(container: Container, arguments: Arguments) -> None:
    """Starts it. With a log; with -i or -t its streams are FIFOs, for `attach`."""
    labels = container.record.labels
    if log := labels.get(LOG):
        await _start(container, GivenStreams("", log, log))
        return
    streams = _fifos(labels[FOLDER], arguments)
    with held(streams.paths):
        await _start(container, streams)


def _fifos(folder: str, arguments: Arguments) -> GivenStreams:
    wanted = (
        ("stdin", arguments.switch("interactive")),
        ("stdout", True),
        ("stderr", not arguments.switch("tty")),
    )
    paths = [os.path.join(folder, name) if is_wanted else "" for name, is_wanted in wanted]
    for path in filter(None, paths):
        os.mkfifo(path, 0o600)
    return GivenStreams(*paths)


async def run_attended(container: Container, arguments: Arguments) -> int:
    """On our streams, to its end; then its task is removed."""
    tty, stdin = arguments.switch("tty"), arguments.switch("interactive")
    async with Fifos(stdin=stdin, terminal=tty) as fifos:
        task = await _start(container, fifos)
        try:
            code = await Attendance(ManagedProcess(task, fifos), fifos, tty=tty, stdin=stdin).attend()
        except BaseException:
            await _end(task)
            raise
        await task.delete()
    return code or 0


async def _start(container: Container, streams: Fifos) -> Task:
    """Raises CommandFailed with the exit code of a program that is not there, or cannot be executed."""
    task = None
    try:
        task = await container.create_task(streams)
        await task.start()
    except RuntimeFailure as error:
        if task is not None:
            await _end(task)
        text = " ".join(str(error).split())
        raise CommandFailed(f"the container could not be started: {text}", code_of(text)) from error
    return task


async def _end(task: Task) -> None:
    with suppress(NotFound):
        await task.kill(signal.SIGKILL, everything=True)
    with suppress(RuntimeFailure):
        await task.wait()
    with suppress(RuntimeFailure):  # it has just been removed
        await task.delete()
