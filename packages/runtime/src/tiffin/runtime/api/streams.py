"""`Streams`: our ends of a process's pipes; `Pump`: moves bytes between them and memory, as they come."""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass

CHUNK = 65536


@dataclass
class Streams:
    """Descriptors of our ends; -1 where there is no pipe. Whoever has them closes them."""

    stdin: int = -1
    stdout: int = -1
    stderr: int = -1

    def close(self) -> None:
        """Closes what is open; once more is no error."""
        for name in ("stdin", "stdout", "stderr"):
            self.close_one(name)

    def close_one(self, name: str) -> None:
        """Closes one of them, if it is open."""
        descriptor = getattr(self, name)
        if descriptor >= 0:
            setattr(self, name, -1)
            os.close(descriptor)


class Pump:
    """Feeds a process's stdin and collects its output.

    Args:
        streams: the pipes; each is closed as soon as nothing more can come or go.
        data: for its stdin, which is closed after it.
    """

    def __init__(self, streams: Streams, data: bytes) -> None:
        self.streams = streams
        self.output = {"stdout": bytearray(), "stderr": bytearray()}
        self._pending = memoryview(data)
        for descriptor in (streams.stdin, streams.stdout, streams.stderr):
            if descriptor >= 0:
                os.set_blocking(descriptor, False)
        if not data:
            streams.close_one("stdin")

    def turn(self, pidfd: int, deadline: float | None) -> bool:
        """Waits for one event, or for the deadline (of time.monotonic); true if the process has ended."""
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        names = {descriptor: name for name in self.output if (descriptor := getattr(self.streams, name)) >= 0}
        for descriptor in names:
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
        """Reads what is there, without waiting for more: the process has ended; somebody may keep its pipes open."""
        for name in self.output:
            while getattr(self.streams, name) >= 0 and self._read(name):
                pass

    def _read(self, name: str) -> bool:
        try:
            data = os.read(getattr(self.streams, name), CHUNK)
        except BlockingIOError:
            return False
        self.output[name] += data
        if not data:
            self.streams.close_one(name)
        return bool(data)

    def _write(self) -> None:
        try:
            self._pending = self._pending[os.write(self.streams.stdin, self._pending) :]
        except BlockingIOError:
            return
        except BrokenPipeError:  # it reads no more: what is left is nobody's
            self._pending = self._pending[:0]
        if not self._pending:
            self.streams.close_one("stdin")
