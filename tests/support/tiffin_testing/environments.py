"""Empty virtual environments, and commands whose failure shows what they said."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SECONDS = 600.0


class CommandFailed(AssertionError):
    """A command that the test expected to succeed did not."""


def run(
    command: Sequence[str | Path], *, cwd: Path, check: bool = True, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command; raises CommandFailed with what it said."""
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, env=environment, timeout=SECONDS, check=False
    )
    if check and done.returncode != 0:
        shown = " ".join(map(str, command[:8]))
        raise CommandFailed(f"{shown}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Environment:
    """A new virtual environment with nothing in it, not even pip."""

    def __init__(self, folder: Path, pins: Path, python: str = sys.executable) -> None:
        self.folder = folder
        self.python = folder / "bin/python"
        self.pins = pins
        run([python, "-m", "venv", "--without-pip", str(folder)], cwd=folder.parent)

    def install(self, *what: str | Path) -> None:
        """Installs by the pip of the tests' own environment."""
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet"]
        run([*pip, "--constraint", self.pins, *what], cwd=self.folder)

    def run(self, *command: str | Path) -> str:
        """Runs a command of the environment, with no way to see the checkout; returns what it printed."""
        done = run([self.folder / "bin" / command[0], *command[1:]], cwd=self.folder)
        return done.stdout

    def commands(self) -> set[str]:
        """The names of our own programs; dependencies bring some, too."""
        names = {path.name for path in (self.folder / "bin").iterdir() if os.access(path, os.X_OK)}
        return {name for name in names if "tiffin" in name}
