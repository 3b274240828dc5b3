"""`tiffin run -it`: a terminal on both sides."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from packages.tiffin.tests.conftest import SECONDS, Tiffin

pytestmark = pytest.mark.requires("root", "busybox", "overlayfs")

ROWS, COLUMNS = 33, 77


@dataclass
class Session:
    """A `tiffin run` on a pseudoterminal, whose master is ours."""

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

    def write(self, text: str) -> None:
        os.write(self.master, text.encode())


@contextmanager
def session(tiffin: Tiffin, *words: str) -> Iterator[Session]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    command = tiffin.run_words(*words)
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env=tiffin.environment, start_new_session=True
    ) as process:
        os.close(slave)
        try:
            yield Session(process, master)
        finally:
            process.kill()
            os.close(master)


def test_a_shell_on_a_terminal(tiffin: Tiffin) -> None:
    with session(tiffin, "--rm", "-it", str(tiffin.image), "sh") as shell:
        shell.write("tty; stty size; echo $TERM-end\n")
        seen = shell.read_until("xterm-end")
        assert "/dev/pts/0" in seen or "/dev/console" in seen
        assert f"{ROWS} {COLUMNS}" in seen
        shell.write("exit 4\n")
        assert shell.process.wait(SECONDS) == 4


def test_ctrl_c_goes_to_the_program(tiffin: Tiffin) -> None:
    script = "trap 'echo caught; exit 8' INT; echo ready; while :; do read line; done"
    with session(tiffin, "--rm", "-it", str(tiffin.image), "sh", "-c", script) as shell:
        shell.read_until("ready")
        shell.write("\x03")
        shell.read_until("caught")
        assert shell.process.wait(SECONDS) == 8


def test_a_terminal_without_input(tiffin: Tiffin) -> None:
    with session(tiffin, "--rm", "-t", str(tiffin.image), "sh", "-c", "tty && echo has one") as shell:
        shell.read_until("has one")
        assert shell.process.wait(SECONDS) == 0


def test_without_a_terminal_on_our_side(tiffin: Tiffin) -> None:
    words = tiffin.run_words("-t", tiffin.image, "true")
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=tiffin.environment,
        start_new_session=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 125
    assert "none of the standard streams is a terminal" in done.stderr
