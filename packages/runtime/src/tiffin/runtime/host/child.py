"""Runs one attempt in a fresh interpreter, so that a namespace, a mount or a crash stays there, and ends it in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile

from .finding import Finding

SECONDS = 10.0
HERE = os.path.dirname(os.path.abspath(__file__))
# `attempts` as a top-level package: the packages around it take several times longer to import
PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from attempts import main; main()"


def attempt(name: str, *arguments: str, seconds: float = SECONDS) -> Finding:
    """Runs `attempts.ATTEMPTS[name]` with the arguments, in an empty folder of its own."""
    with tempfile.TemporaryDirectory(prefix="tiffin-probe-", ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o711)  # noqa: S103  # an attempt may give up root, and must get in
        command = [sys.executable, "-I", "-S", "-c", PROGRAM, HERE, name, *arguments]
        return finding_of(command, cwd=folder, seconds=seconds)


def finding_of(command: list[str], *, cwd: str | None = None, seconds: float = SECONDS) -> Finding:
    """Runs a command: available if it exits with 0; its first line of output is the detail.

    It gets a process group of its own, which is killed as a whole when the time is over.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        return Finding(False, f"{command[0]}: {error.strerror}")
    with process:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return Finding(False, f"no answer within {seconds:g} s")
    lines = output.strip().splitlines()
    fallback = "works" if process.returncode == 0 else f"exit code {process.returncode}"
    return Finding(process.returncode == 0, lines[0].strip() if lines else fallback)
