"""Tiffin's own runtime, called in this process: no interpreter starts, no command line is made and parsed."""

from __future__ import annotations

import sys

from tiffin.cli.execute import Job
from tiffin.runtime.errors import FailedPrecondition, NotFound
from tiffin.runtime.lifecycle.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tiffin.cli.containers.port import Execution
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

    def _creation(self, job: Job) -> Creation:
        from tiffin.runtime.lifecycle.create import CreateOptions, Creation

        settings = self._settings.replace(trace=job.trace)
        options = CreateOptions(bundle=job.bundle, stdio=job.stdio)
        creation = Creation(settings, job.name, options, waits=False)
        creation.load(job.config)
        return creation

    def is_alive(self, name: str) -> bool:
        """Whether its process runs."""
        from tiffin.runtime.state.status import PAUSED, RUNNING

        return self.status(name) in (RUNNING, PAUSED)

    def status(self, name: str) -> str:
        """As OCI calls it; "" if there is no such container."""
        from tiffin.runtime.lifecycle.loaded import LoadedContainer

        try:
            return str(LoadedContainer(self._settings.root, name).status())
        except NotFound:
            return ""

    def pid(self, name: str) -> int:
        """Of its first process. Raises NotFound."""
        from tiffin.runtime.lifecycle.loaded import LoadedContainer

        return LoadedContainer(self._settings.root, name).state.pid

    def pids(self, name: str) -> Sequence[int]:
        """Of all its processes. Raises NotFound."""
        from tiffin.runtime.lifecycle.processes import process_ids

        return process_ids(self._settings, name)

    def pause(self, name: str) -> None:
        """Freezes it. Raises FailedPrecondition."""
        from tiffin.runtime.lifecycle.pause import pause

        pause(self._settings, name)

    def resume(self, name: str) -> None:
        """Lets it run on. Raises FailedPrecondition: it is not paused."""
        from tiffin.runtime.lifecycle.pause import resume

        resume(self._settings, name)

    def execute(self, name: str, bundle: str, execution: Execution) -> int:  # noqa: ARG002  # the state has it all
        """Runs a further process; its exit code. Raises RuntimeFailure."""
        from tiffin.cli.containers.exec_process import process_tree
        from tiffin.cli.run.stdio import process_stdio
        from tiffin.runtime.lifecycle.execute import ExecOptions, execute, execute_detached
        from tiffin.runtime.lifecycle.execute import Execution as Executing

        made = Executing(self._settings, name, ExecOptions())
        tree: Any = process_tree(dict(made.config), execution, made.container.state.pid)
        with process_stdio(execution) as stdio:
            made.options = ExecOptions(stdio=stdio)
            if not execution.detach:
                return execute(made, tree)
            execute_detached(made, tree)
            return 0

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
