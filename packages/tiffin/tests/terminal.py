"""A command of ours on a pseudoterminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

SECONDS = 60.0
ROWS, COLUMNS = 33, 77


@dataclass
class Session:
    """A command on a pseudoterminal, whose master is ours."""

    process: subprocess.Popen[bytes]
    master: int

    def read_until(self, text: str) -> str:
        """What comes up to some text; the rest of that line too."""
        seen = b""
        while text.encode() not in seen:
            ready, _, _ = select.select([self.master], [], [], SECONDS)
            assert ready, seen
            seen += os.read(self.master, 4096)
        return seen.decode()

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def write(self, text: str) -> None:
        os.write(self.master, text.encode())


@contextmanager
def session(environment: Mapping[str, str], *words: str) -> Iterator[Session]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with subprocess.Popen(
        words, stdin=slave, stdout=slave, stderr=slave, env=dict(environment), start_new_session=True
    ) as process:
        os.close(slave)
        try:
            yield Session(process, master)
        finally:
            process.kill()
            os.close(master)
