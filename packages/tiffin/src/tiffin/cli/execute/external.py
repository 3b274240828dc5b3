"""Any OCI runtime, by its command line: runc, crun, youki, tiffin-runtime, runsc."""

from __future__ import annotations

import os
import signal
import subprocess

from tiffin.cli.execute import Job
from tiffin.cli.failure import FAILED, NOT_EXECUTABLE, NOT_FOUND, CommandFailed
from tiffin.spec.json_tree import JSONError, decode

FORWARDED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCONT,
)
# The only thing that tells why a runtime could not execute the program is its English, which Docker too looks at.
CAUSES = (
    ("executable file not found", NOT_FOUND),
    ("no such file or directory", NOT_FOUND),
    ("exec format error", NOT_EXECUTABLE),
    ("permission denied", NOT_EXECUTABLE),
    ("is a directory", NOT_EXECUTABLE),
)


class ExternalRuntime:
    """One runtime.

    Args:
        path: its program.
        state: its --root.
    """

    def __init__(self, path: str, state: str) -> None:
        self._path = path
        self._state = state

    def run(self, job: Job) -> int:
        """Runs a container in the foreground; signals are forwarded.

        Raises:
            CommandFailed: if the runtime could not start it.
        """
        return self._call_run(job, [])

    def start(self, job: Job) -> None:
        """Starts a container in the background. Raises CommandFailed."""
        self._call_run(job, ["--detach"])

    def is_alive(self, name: str) -> bool:
        """Whether its process still runs."""
        answer = self._call("state", name)
        if answer.returncode != 0:
            return False
        try:
            tree = decode(answer.stdout)
        except JSONError:
            return False
        return isinstance(tree, dict) and tree.get("status") in ("created", "running", "paused")

    def kill(self, name: str, number: int) -> None:
        """Sends a signal to its process; one that has ended is no error."""
        answer = self._call("kill", name, str(number))
        if answer.returncode != 0 and self.is_alive(name):
            raise CommandFailed(
                f"{self._path} could not send signal {number} to {name!r}: {answer.stderr.strip()}"
            )

    def delete(self, name: str) -> None:
        """Kills what runs, and removes what the runtime holds. Raises CommandFailed if the runtime fails."""
        answer = self._call("delete", "--force", name)
        known = self._call("state", name).returncode == 0
        if answer.returncode != 0 and known:
            raise CommandFailed(f"{self._path} could not delete {name!r}: {answer.stderr.strip()}")

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._path, "--root", self._state, *words], capture_output=True, text=True, check=False
        )

    def _call_run(self, job: Job, flags: list[str]) -> int:
        log = os.path.join(job.bundle, "runtime.log")
        pid_file = os.path.join(job.bundle, "pid")
        words = [self._path, "--root", self._state, "--log", log, "--log-format", "json", "run", *flags]
        words += ["--bundle", job.bundle, "--pid-file", pid_file, job.name]
        try:
            process = subprocess.Popen(words, stdin=job.stdio[0], stdout=job.stdio[1], stderr=job.stdio[2])
        except OSError as error:
            raise CommandFailed(f"--runtime: {self._path!r} cannot be executed: {error.strerror}") from error
        for number in FORWARDED:
            signal.signal(number, lambda number, _frame: process.send_signal(number))
        code = process.wait()
        if code != 0 and not os.path.exists(pid_file):
            raise CommandFailed(*_cause(self._path, log))
        return code if code >= 0 else 128 - code


def _cause(path: str, log: str) -> tuple[str, int]:
    """The runtime's last error in its log, and the exit code that Docker has for such."""
    message = "it says nothing about why"
    try:
        with open(log, "rb") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        lines = []
    for line in lines:
        try:
            entry = decode(line)
        except JSONError:
            continue
        if isinstance(entry, dict) and entry.get("level") == "error":
            message = str(entry.get("msg"))
    code = next((code for text, code in CAUSES if text in message.lower()), FAILED)
    return f"{os.path.basename(path)} could not start the container: {message}", code
