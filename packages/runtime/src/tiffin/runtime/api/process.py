"""`Process`: a process of a container that this program started; `Result`: what came of one that has ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from ..errors import TimedOut
from ..launch.process_end import open_end
from ..lifecycle.foreground import exit_code as code_of
from .family import kill_family
from .streams import Pump, Streams

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = -1
"""The exit code of a process that another part of this program has reaped."""


@dataclass(frozen=True)
class Result:
    """How a process ended, and what it wrote where that was captured.

    exit_code: its own, or 128 and the number of the signal that killed it.
    """

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""


@dataclass
class Process:
    """A child of this program, inside a container. May be used by several threads.

    pid: in this program's pid namespace. streams: our ends of its pipes, as descriptors.
    """

    pid: int
    streams: Streams = field(default_factory=Streams)
    _code: int | None = None
    _lock: Lock = field(default_factory=Lock)

    def poll(self) -> int | None:
        """The exit code if it has ended, else None; UNKNOWN (-1) if another part of the program has reaped it."""
        with self._lock:
            return self._poll()

    def _poll(self) -> int | None:
        if self._code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                self._code = UNKNOWN
            else:
                self._code = code_of(status) if pid else None
        return self._code

    @contextlib.contextmanager
    def _end(self) -> Iterator[int]:
        """A descriptor that is readable once it has ended; -1 if it was reaped, and its pid may be another's."""
        with self._lock:
            descriptor = open_end(self.pid) if self._poll() is None else -1
        try:
            yield descriptor
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def wait(self, *, timeout: float | None = None) -> int:
        """Waits for its end; returns the exit code.

        Args:
            timeout: seconds; None waits for ever.

        Raises:
            TimedOut: it still runs.
        """
        with self._end() as descriptor:
            if descriptor >= 0:
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                poll.poll(None if timeout is None else max(0.0, timeout) * 1000)
        return self._ended(timeout)

    def _ended(self, timeout: float | None) -> int:
        code = self.poll()
        if code is None:
            raise TimedOut(f"process {self.pid} still runs after {timeout or 0:g} s")
        return code

    async def wait_async(self, *, timeout: float | None = None) -> int:  # noqa: ASYNC109  # as `wait` has it
        """As `wait`, in a program of asyncio: no thread waits. Cancelling it leaves the process alone.

        Args:
            timeout: seconds; None waits for ever.

        Raises:
            TimedOut: it still runs.
        """
        loop = asyncio.get_running_loop()
        with self._end() as descriptor:
            if descriptor >= 0:
                ended = asyncio.Event()
                loop.add_reader(descriptor, ended.set)
                try:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(ended.wait(), timeout)
                finally:
                    loop.remove_reader(descriptor)
        return self._ended(timeout)

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends a signal; one that has ended is fine."""
        with self._lock:
            if self._poll() is None:  # not reaped: the pid is still its own
                os.kill(self.pid, number)

    def kill_all(self) -> None:
        """Kills it with everything that it has started, but for daemons, which have left its session."""
        with self._lock:
            if self._poll() is None:
                kill_family(self.pid)

    def communicate(self, data: bytes = b"", *, timeout: float | None = None) -> Result:
        """Writes its stdin, reads its stdout and stderr, and waits for its end.

        What it wrote before it ended is read to the last byte; a process that it left behind, and that keeps the
        pipes open, cannot hold this up.

        Args:
            data: for its stdin, which is closed then; the rest of it is dropped if the process reads no more.
            timeout: seconds; None: for ever.

        Raises:
            TimedOut: it did not end in time; it was killed, as by `kill_all`. The error has what it wrote till then.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pump = Pump(self.streams, data)
        try:
            with self._end() as descriptor:
                while descriptor >= 0 and not pump.turn(descriptor, deadline):
                    if deadline is not None and time.monotonic() >= deadline:
                        self._give_up(
                            pump, f"process {self.pid} was killed: it still ran after {timeout:g} s"
                        )
            pump.drain()
        finally:
            self.streams.close()
        return Result(self.wait(), bytes(pump.output["stdout"]), bytes(pump.output["stderr"]))

    def _give_up(self, pump: Pump, text: str) -> None:
        self.kill_all()
        self.wait()
        pump.drain()
        raise TimedOut(text, stdout=bytes(pump.output["stdout"]), stderr=bytes(pump.output["stderr"]))
