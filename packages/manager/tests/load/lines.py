"""Numbered lines of many containers, read at a pace of ours: one that nobody reads from waits, and lives on."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 10  # bytes of a line, with its end
AT_ONCE = 2000  # bytes of one round


def script(count: int, status: int) -> str:
    """Writes that many lines, and ends."""
    return f"i=0; while [ $i -lt {count} ]; do printf '%09d\\n' $i; i=$((i+1)); done; exit {status}"


class Lines:
    """What one container writes to a FIFO: complains of the first line that is lost, doubled or damaged.

    Args:
        path: of the FIFO, which is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bytes = 0
        self.ended = False
        os.mkfifo(path, 0o600)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)

    def read(self, most: int = AT_ONCE) -> int:
        """Takes what is there, but no more; how many bytes. Raises AssertionError."""
        with suppress(BlockingIOError):
            data = os.read(self._descriptor, most)
            self.ended = not data and self.bytes > 0
            self._check(data)
            return len(data)
        return 0

    def _check(self, data: bytes) -> None:
        first = self.bytes // WIDTH
        count = len(data) // WIDTH + 2
        expected = b"".join(b"%09d\n" % number for number in range(first, first + count))
        skipped = self.bytes - first * WIDTH
        assert data == expected[skipped : skipped + len(data)], f"{self.path}: wrong after {self.bytes} bytes"
        self.bytes += len(data)

    def close(self) -> None:
        os.close(self._descriptor)
