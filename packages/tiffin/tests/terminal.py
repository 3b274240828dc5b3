"""A command of ours on a pseudoterminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

SECONDS = 60.0
ROWS, COLUMNS = 33, 77
LFLAG = 3  # index of what tcgetattr(3) gives in Python
INTERRUPTED = "trap 'exit 3' INT; while :; do echo ready; sleep 0.05; done"


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


def interrupt(shell: Session) -> None:
    """What ctrl-c does to `INTERRUPTED` where nobody reads keys: the terminal sends the signal, and is not raw."""
    shell.read_until("ready")
    assert termios.tcgetattr(shell.master)[LFLAG] & termios.ISIG
    shell.process.send_signal(signal.SIGINT)
    assert shell.process.wait(SECONDS) == 3


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
