"""`Process`: a process of a container that this program started; `Result`: what came of one that has ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass, field
from threading import Lock

from ..errors import TimedOut
from ..lifecycle.foreground import exit_code as code_of

CHUNK = 65536


@dataclass(frozen=True)
class Result:
    """How a process ended, and what it wrote where that was captured.

    exit_code: its own, or 128 and the number of the signal that killed it.
    """

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""


@dataclass
class Streams:
    """The ends of pipes to a process; -1 where there is none."""

    stdin: int = -1
    stdout: int = -1
    stderr: int = -1

    def close(self) -> None:
        for name in ("stdin", "stdout", "stderr"):
            descriptor = getattr(self, name)
            if descriptor >= 0:
                os.close(descriptor)
                setattr(self, name, -1)


@dataclass
class Process:
    """A child of this program, inside a container. May be used by several threads."""

    pid: int
    streams: Streams = field(default_factory=Streams)
    _code: int | None = None
    _lock: Lock = field(default_factory=Lock)

    def poll(self) -> int | None:
        """The exit code if it has ended, else None."""
        with self._lock:
            if self._code is None:
                try:
                    pid, status = os.waitpid(self.pid, os.WNOHANG)
                except ChildProcessError:  # somebody else has reaped it
                    self._code = -1
                    return self._code
                if pid != 0:
                    self._code = code_of(status)
            return self._code

    def wait(self, *, timeout: float | None = None) -> int:
        """Waits for its end; returns the exit code.

        Args:
            timeout: seconds; None waits for ever.

        Raises:
            TimedOut: it still runs.
        """
        code = self.poll()
        if code is not None:
            return code
        descriptor = os.pidfd_open(self.pid)
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll(None if timeout is None else max(0.0, timeout) * 1000)
        finally:
            os.close(descriptor)
        code = self.poll()
        if code is None:
            raise TimedOut(f"process {self.pid} still runs after {timeout:g} s")
        return code

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends a signal; one that has ended is fine."""
        with self._lock:
            if self._code is None:  # not reaped: the pid is still its own
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)

    def kill_group(self) -> None:
        """Kills it with everything that it started in its session's first process group."""
        with self._lock:
            if self._code is None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.pid, signal.SIGKILL)
        self.kill()

    def communicate(self, data: bytes = b"", *, timeout: float | None = None) -> Result:
        """Writes its stdin, reads its stdout and stderr, and waits for its end.

        What it wrote before it ended is read to the last byte; a process that it left behind, and that keeps the
        pipes open, cannot hold this up.

        Raises:
            TimedOut: it did not end in time; it was killed.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        pump = _Pump(self.streams, data)
        descriptor = os.pidfd_open(self.pid)
        try:
            while not pump.turn(descriptor, deadline):
                if deadline is not None and time.monotonic() >= deadline:
                    self.kill_group()
                    self.wait()
                    raise TimedOut(f"process {self.pid} was killed: it still ran after {timeout:g} s")
            pump.drain()
        finally:
            os.close(descriptor)
            self.streams.close()
        return Result(self.wait(), bytes(pump.output["stdout"]), bytes(pump.output["stderr"]))


class _Pump:
    """Moves bytes between memory and a process's pipes."""

    def __init__(self, streams: Streams, data: bytes) -> None:
        self.streams = streams
        self.output = {"stdout": bytearray(), "stderr": bytearray()}
        self._pending = memoryview(data)
        for descriptor in (streams.stdin, streams.stdout, streams.stderr):
            if descriptor >= 0:
                os.set_blocking(descriptor, False)
        if not data:
            self._close_stdin()

    def turn(self, pidfd: int, deadline: float | None) -> bool:
        """Waits for one event; true if the process has ended."""
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        names: dict[int, str] = {}
        for name in self.output:
            descriptor = getattr(self.streams, name)
            if descriptor >= 0:
                names[descriptor] = name
                poll.register(descriptor, select.POLLIN)
        if self.streams.stdin >= 0:
            poll.register(self.streams.stdin, select.POLLOUT)
        left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
        ended = False
        for descriptor, _ in poll.poll(left):
            if descriptor == pidfd:
                ended = True
            elif descriptor == self.streams.stdin:
                self._write()
            else:
                self._read(names[descriptor])
        return ended

    def drain(self) -> None:
        """Reads what is there, without waiting for more."""
        for name in self.output:
            while getattr(self.streams, name) >= 0 and self._read(name):
                pass

    def _read(self, name: str) -> bool:
        descriptor = getattr(self.streams, name)
        try:
            data = os.read(descriptor, CHUNK)
        except BlockingIOError:
            return False
        self.output[name] += data
        if not data:
            os.close(descriptor)
            setattr(self.streams, name, -1)
        return bool(data)

    def _write(self) -> None:
        try:
            self._pending = self._pending[os.write(self.streams.stdin, self._pending) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._pending = self._pending[:0]
        if not self._pending:
            self._close_stdin()

    def _close_stdin(self) -> None:
        if self.streams.stdin >= 0:
            os.close(self.streams.stdin)
            self.streams.stdin = -1
