"""Tiffin's own runtime, called in this process: no interpreter starts, no command line is made and parsed."""

from __future__ import annotations

import sys

from tiffin.cli.execute import Job
from tiffin.runtime.errors import FailedPrecondition, NotFound
from tiffin.runtime.lifecycle.create import CreateOptions
from tiffin.runtime.lifecycle.settings import Settings


class Log:
    """Where the runtime reports what it leaves out.

    Args:
        level: `error`, `warn` or `debug`: the least that is shown.
    """

    def __init__(self, level: str) -> None:
        self._shown = {"error": 2, "warn": 1, "info": 1, "debug": 0}[level]

    def debug(self, message: str, /) -> None:
        """Shown at the level debug."""
        self._print(0, message)

    def warning(self, message: str, /) -> None:
        """Shown unless only errors are."""
        self._print(1, message)

    def error(self, message: str, /) -> None:
        """Always shown."""
        self._print(2, message)

    def _print(self, level: int, message: str) -> None:
        if level >= self._shown:
            print(f"tiffin: {message}", file=sys.stderr)


class OwnRuntime:
    """The runtime.

    Args:
        state: its directory of state.
        level: what of its messages is shown.
    """

    def __init__(self, state: str, level: str = "warn") -> None:
        self._settings = Settings(root=state, log=Log(level))

    def run(self, job: Job) -> int:
        """Runs a container in the foreground; its exit code. Raises RuntimeFailure."""
        from tiffin.runtime.lifecycle.run import run

        return run(self._for(job), job.name, CreateOptions(bundle=job.bundle, stdio=job.stdio))

    def start(self, job: Job) -> None:
        """Starts a container in the background. Raises RuntimeFailure."""
        from tiffin.runtime.lifecycle.run import run_detached

        run_detached(
            self._for(job), job.name, CreateOptions(bundle=job.bundle, stdio=job.stdio), config=job.config
        )

    def is_alive(self, name: str) -> bool:
        """Whether its process still runs."""
        from tiffin.runtime.lifecycle.loaded import LoadedContainer

        try:
            return not LoadedContainer(self._settings.root, name).is_stopped()
        except NotFound:
            return False

    def kill(self, name: str, number: int) -> None:
        """Sends a signal to its process; one that has ended is no error."""
        from tiffin.runtime.lifecycle.kill import kill

        try:
            kill(self._settings, name, number)
        except (NotFound, FailedPrecondition):
            return

    def delete(self, name: str) -> None:
        """Kills what runs, and removes what the runtime holds. Raises RuntimeFailure."""
        from tiffin.runtime.lifecycle.delete import delete

        delete(self._settings, name, force=True)

    def _for(self, job: Job) -> Settings:
        return self._settings.replace(trace=job.trace)
