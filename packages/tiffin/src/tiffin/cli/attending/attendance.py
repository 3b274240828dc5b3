"""`Attendance`: a process on our own streams, until it has ended, or the user leaves it."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from tiffin.cli.attending.streams import Output, copy_input
from tiffin.cli.attending.terminal import own_terminal, raw, size_of
from tiffin.runtime.errors import RuntimeFailure

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from tiffin.cli.attending.port import AttendedProcess, AttendedStreams

FORWARDED = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT,
)  # fmt: skip
DRAIN_SECONDS = 5.0  # without output after the end: others than the process may still hold its streams


class Attendance:
    """One process that runs, and our streams.

    Args:
        tty: it has a terminal. stdin: we have its stdin.
        may_leave: ctrl-p ctrl-q leaves it running.
    """

    def __init__(
        self,
        process: AttendedProcess,
        streams: AttendedStreams,
        *,
        tty: bool,
        stdin: bool,
        may_leave: bool = False,
    ) -> None:
        self._process = process
        self._streams = streams
        self._tty = tty
        self._stdin = stdin
        self._may_leave = may_leave
        self._background: set[asyncio.Task[Any]] = set()

    async def attend(self) -> int | None:
        """Returns its exit code, or None once the user has left. Raises BrokenPipeError: nobody takes its output."""
        outputs = [Output(self._streams.stdout, 1), Output(self._streams.stderr, 2)]
        with ExitStack() as stack:
            for output in outputs:
                stack.callback(output.copying.cancel)
            with ExitStack() as own:
                await self._begin(own)
                code = await self._until_end([output.copying for output in outputs])
            if code is not None:
                await _drained(outputs)
        return code

    async def _begin(self, stack: ExitStack) -> None:
        loop = asyncio.get_running_loop()
        for number in FORWARDED:
            loop.add_signal_handler(number, self._forward, number)
            stack.callback(loop.remove_signal_handler, number)
        if self._tty:
            terminal = own_terminal()
            if self._stdin and os.isatty(0):  # keys that nobody reads keep their meaning: ctrl-c is a signal
                stack.enter_context(raw(terminal))
            loop.add_signal_handler(signal.SIGWINCH, self._resize, terminal)
            stack.callback(loop.remove_signal_handler, signal.SIGWINCH)
            self._resize(terminal)

    async def _until_end(self, outputs: list[asyncio.Task[Any]]) -> int | None:
        """As `attend`. An output that ends before the process is no end of it, but one that fails is told at once."""
        waiting = asyncio.ensure_future(self._process.exit_status())
        own: list[asyncio.Task[Any]] = [waiting]
        if self._stdin:
            end = self._end_stdin
            own.append(asyncio.ensure_future(copy_input(self._streams.write, end, may_leave=self._may_leave)))
        tasks = {*own, *outputs}
        try:
            while not waiting.done():
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done - {waiting}:
                    if task.result():
                        return None
            return waiting.result()
        finally:
            for task in own:
                task.cancel()

    async def _end_stdin(self) -> None:
        with suppress(RuntimeFailure):  # it has just ended
            await self._process.end_stdin()

    def _forward(self, number: int) -> None:
        self._do(self._process.kill(number))

    def _resize(self, terminal: int) -> None:
        columns, rows = size_of(terminal)
        self._do(self._process.resize(columns, rows))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        """A signal, or a size, comes too late for a process that has just ended."""

        async def done() -> None:
            with suppress(RuntimeFailure):
                await work

        task = asyncio.ensure_future(done())
        self._background.add(task)
        task.add_done_callback(self._background.discard)


async def _drained(outputs: list[Output]) -> None:
    """All that the process has written has been, however long our reader takes for it."""
    pending = {output.copying for output in outputs}
    while pending:
        done, pending = await asyncio.wait(pending, timeout=DRAIN_SECONDS)
        for copying in done:
            copying.result()
        if not done and not any(output.is_writing for output in outputs):
            return
