"""Tiffin's own runtime, called in this process: no interpreter starts, no command line is made and parsed."""

from __future__ import annotations

import sys

from tiffin.cli.execute import Job
from tiffin.runtime.errors import FailedPrecondition, NotFound
from tiffin.runtime.lifecycle.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.runtime.lifecycle.create import Creation


class Log:
    """Where the runtime reports what it leaves out."""

    def debug(self, message: str, /) -> None:
        """Not shown."""

    def warning(self, message: str, /) -> None:
        """Shown."""
        print(f"tiffin: {message}", file=sys.stderr)

    error = warning


class OwnRuntime:
    """The runtime.

    Args:
        state: its directory of state.
    """

    def __init__(self, state: str) -> None:
        self._settings = Settings(root=state, log=Log())

    def run(self, job: Job) -> int:
        """Runs a container in the foreground; its exit code. Raises RuntimeFailure."""
        from tiffin.runtime.lifecycle.run import run_in_foreground

        return run_in_foreground(self._creation(job), keep=False, subreaper=True)

    def start(self, job: Job) -> None:
        """Starts a container in the background. Raises RuntimeFailure."""
        from tiffin.runtime.lifecycle.run import make_and_start
        from tiffin.runtime.lifecycle.undo import Undo

        creation = self._creation(job)
        with Undo("run") as undo:
            make_and_start(creation, undo)
            undo.forget()

    def _creation(self, job: Job) -> Creation:
        from tiffin.runtime.lifecycle.create import CreateOptions, Creation

        settings = self._settings.replace(trace=job.trace)
        options = CreateOptions(bundle=job.bundle, stdio=job.stdio)
        creation = Creation(settings, job.name, options, waits=False)
        creation.load(job.config)
        return creation

    def is_alive(self, name: str) -> bool:
        """Whether its process still runs."""
        from tiffin.runtime.lifecycle.loaded import LoadedContainer
        from tiffin.runtime.state.status import CREATING, STOPPED

        try:
            status = LoadedContainer(self._settings.root, name).status()
        except NotFound:
            return False
        return status not in (CREATING, STOPPED)

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
