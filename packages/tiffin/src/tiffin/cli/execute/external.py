"""Any OCI runtime, by its command line: runc, crun, youki, tiffin-runtime, runsc."""

from __future__ import annotations

import os
import signal
import subprocess

from tiffin.cli.execute import Job
from tiffin.cli.failure import FAILED, NOT_EXECUTABLE, NOT_FOUND, CommandFailed
from tiffin.spec.json_tree import JSONError, decode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiffin.cli.containers.port import Execution

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
        return self._call_run(job)

    def is_alive(self, name: str) -> bool:
        """Whether its process still runs."""
        return self.status(name) in ("running", "paused")

    def status(self, name: str) -> str:
        """As OCI calls it; "" if there is no such container. Raises CommandFailed: the runtime is gone."""
        return str(self._state_of(name).get("status", ""))

    def pid(self, name: str) -> int:
        """Of its first process. Raises CommandFailed: it has none."""
        pid = self._state_of(name).get("pid")
        if not isinstance(pid, int) or pid <= 0:
            raise CommandFailed(f"{name!r} does not run")
        return pid

    def pids(self, name: str) -> Sequence[int]:
        """Of all its processes. Raises CommandFailed."""
        tree = decode(self._do("ps", "--format", "json", name).stdout)
        return [pid for pid in tree if isinstance(pid, int)] if isinstance(tree, list) else []

    def pause(self, name: str) -> None:
        """Freezes it. Raises CommandFailed."""
        self._do("pause", name)

    def resume(self, name: str) -> None:
        """Lets it run on. Raises CommandFailed."""
        self._do("resume", name)

    def execute(self, name: str, bundle: str, execution: Execution) -> int:
        """Runs a further process; its exit code. Raises CommandFailed."""
        from tiffin.cli.execute.external_exec import ExternalExec

        return ExternalExec(self._path, self._state, self.pid(name)).run(name, bundle, execution)

    def _state_of(self, name: str) -> dict[str, object]:
        try:
            answer = self._call("state", name)
        except CommandFailed:
            if self._has_state_of(name):
                raise
            return {}
        if answer.returncode != 0:
            return {}
        try:
            tree = decode(answer.stdout)
        except JSONError:
            return {}
        return tree if isinstance(tree, dict) else {}

    def _do(self, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
        answer = self._call(verb, *words)
        if answer.returncode != 0:
            why = answer.stderr.strip() or f"exit code {answer.returncode}"
            raise CommandFailed(f"{self._path} {verb}: {why}")
        return answer

    def kill(self, name: str, number: int) -> None:
        """Sends a signal to its process; one that has ended is no error."""
        answer = self._call("kill", name, str(number))
        if answer.returncode != 0 and self.is_alive(name):
            raise CommandFailed(
                f"{self._path} could not send signal {number} to {name!r}: {answer.stderr.strip()}"
            )

    def delete(self, name: str) -> None:
        """Kills what runs, and removes what the runtime holds. Raises CommandFailed if the runtime fails."""
        try:
            answer = self._call("delete", "--force", name)
        except CommandFailed:
            if self._has_state_of(name):
                raise
            return
        known = self._call("state", name).returncode == 0
        if answer.returncode != 0 and known:
            raise CommandFailed(f"{self._path} could not delete {name!r}: {answer.stderr.strip()}")

    def _has_state_of(self, name: str) -> bool:
        """Whether there may be something of it: asked where the runtime is not there any more, and cannot tell."""
        try:
            return any(entry.startswith(name) for entry in os.listdir(self._state))
        except FileNotFoundError:
            return False

    def _call(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [self._path, "--root", self._state, *words]
        try:
            return subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise CommandFailed(
                f"the runtime of this container, {self._path}, cannot be executed: {error.strerror}"
            ) from error

    def _call_run(self, job: Job) -> int:
        log = os.path.join(job.bundle, "runtime.log")
        pid_file = os.path.join(job.bundle, "pid")
        words = [self._path, "--root", self._state, "--log", log, "--log-format", "json", "run"]
        words += ["--bundle", job.bundle, "--pid-file", pid_file, job.name]
        try:
            process = subprocess.Popen(words, stdin=job.stdio[0], stdout=job.stdio[1], stderr=job.stdio[2])
        except OSError as error:
            raise CommandFailed(f"--runtime: {self._path!r} cannot be executed: {error.strerror}") from error
        for number in FORWARDED:
            signal.signal(number, lambda number, _frame: process.send_signal(number))
        code = process.wait()
        if code != 0 and not os.path.exists(pid_file):
            raise CommandFailed(*cause_of(self._path, log))
        return code if code >= 0 else 128 - code


def cause_of(path: str, log: str) -> tuple[str, int]:
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
    return f"{os.path.basename(path)} could not start the container: {message}", code_of(message)


def code_of(message: str) -> int:
    """The exit code that Docker has for what a runtime says about why a program could not be executed."""
    return next((code for text, code in CAUSES if text in message.lower()), FAILED)
