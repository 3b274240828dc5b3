"""The command line of a caller, as a test calls it: with pipes, or on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import termios
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT = 60.0  # seconds, for one call


class Size(NamedTuple):
    """Of a terminal, in characters."""

    rows: int
    columns: int


USUAL = Size(24, 80)
LAST = "all that it said"


@dataclass(frozen=True)
class Client:
    """A command line that talks to a peer: its leading arguments, its environment, its working directory."""

    argv: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    directory: Path | None = None

    def __call__(self, *arguments: str, status: int = 0, stdin: str = "") -> str:
        """Runs one command; returns stdout and stderr together. Fails if the exit status is another."""
        done = subprocess.run(
            [*self.argv, *arguments], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=TIMEOUT, check=False, env={**os.environ, **self.environment}, cwd=self.directory,
        )  # fmt: skip
        assert done.returncode == status, (
            f"{' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}"
        )
        return done.stdout.strip()

    def read_before_it_ends(self, *arguments: str, script: str) -> str:
        """What a script writes, whose process ends only when that was read: for a caller that loses it otherwise.

        Args:
            arguments: what comes before `sh -c` and the script.
        """
        held = f"{script}\ncode=$?; echo {LAST}; read end; exit $code"
        with subprocess.Popen(
            [*self.argv, *arguments, "sh", "-c", held], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env={**os.environ, **self.environment}, cwd=self.directory,
        ) as process:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            shown = "".join(_lines(process.stdout, until=f"{LAST}\n"))
            process.stdin.close()
            shown += process.stdout.read()
        assert process.returncode == 0, f"{' '.join(arguments)}: exit status {process.returncode}\n{shown}"
        return shown.strip()

    def on_terminal(self, *arguments: str, status: int = 0, size: Size = USUAL) -> str:
        """Runs one command on a new terminal; returns what is shown there, with plain line ends."""
        master, follower = pty.openpty()
        try:
            termios.tcsetwinsize(follower, size)
            process = subprocess.Popen(
                [*self.argv, *arguments], stdin=follower, stdout=follower, stderr=follower,
                start_new_session=True, env={**os.environ, **self.environment}, cwd=self.directory,
            )  # fmt: skip
            os.close(follower)
            shown = _read_all(master)
            code = process.wait(TIMEOUT)
        finally:
            os.close(master)
        assert code == status, f"{' '.join(arguments)}: exit status {code}\n{shown}"
        return shown.replace("\r\n", "\n").strip()


def _lines(stream: IO[str], *, until: str) -> Iterator[str]:
    """Those before one, or all."""
    for line in stream:
        if line == until:
            return
        yield line


def _read_all(master: int) -> str:
    """Until the last process has closed the terminal, which reads as an error (EIO)."""
    parts = []
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode(errors="replace")
