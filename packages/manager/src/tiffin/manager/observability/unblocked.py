"""`UnblockedHandler`: writes to stderr only what can be written now: a reader that is stuck must not stop the daemon.

What could not be written is counted, and told when there is room again.
"""

from __future__ import annotations

import logging
import os
import select

PART = 4096  # PIPE_BUF: when poll(2) says that a pipe can be written to, so much fits


class UnblockedHandler(logging.Handler):
    """descriptor: where lines go. lost: how many could not."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self.lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line, or counts it. Called under the handler's lock."""
        try:
            if self.lost and self._write(self._line(_told(self.lost))):
                self.lost = 0
            if self.lost or not self._write(self._line(record)):
                self.lost += 1
        except OSError:  # nobody reads any more
            self.lost += 1

    def _line(self, record: logging.LogRecord) -> bytes:
        return self.format(record).encode("utf-8", "backslashreplace") + b"\n"

    def _write(self, line: bytes) -> bool:
        """Whether it was written. One that is cut short counts: the next line must not be lost for it."""
        for start in range(0, len(line), PART):
            if not self._poll.poll(0):
                if start:
                    self.lost += 1
                return start > 0
            os.write(self._descriptor, line[start : start + PART])
        return True


def _told(lost: int) -> logging.LogRecord:
    record = logging.LogRecord(
        "tiffin.manager", logging.WARNING, __file__, 0, "lines of the log were lost", (), None
    )
    record.__dict__["fields"] = {"lines": lost}
    return record
