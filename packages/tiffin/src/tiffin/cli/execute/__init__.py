"""Who executes a container: tiffin's own runtime in this process, or any OCI runtime by its command line."""

from __future__ import annotations

from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from tiffin.cli.containers.port import Execution
    from tiffin.spec.runtime.tree import ConfigTree

    class Executor(Protocol):
        """Runs containers. Both ways pass the same tests."""

        def run(self, job: Job) -> int:
            """Runs a container in the foreground; returns its exit code. Raises CommandFailed."""

        def is_alive(self, name: str) -> bool:
            """Whether its process runs; of one whose making was killed nothing does."""

        def status(self, name: str) -> str:
            """`running` or `paused`; something else for what does not run."""

        def pid(self, name: str) -> int:
            """Of its first process. It runs."""

        def pids(self, name: str) -> Sequence[int]:
            """Of all its processes."""

        def pause(self, name: str) -> None:
            """Freezes it. Raises CommandFailed, RuntimeFailure."""

        def resume(self, name: str) -> None:
            """Lets it run on. Raises CommandFailed, RuntimeFailure."""

        def execute(self, name: str, bundle: str, execution: Execution) -> int:
            """Runs a further process on our streams; its exit code, 0 if it is detached."""

        def kill(self, name: str, number: int) -> None:
            """Sends a signal to its process; one that has ended is no error."""

        def delete(self, name: str) -> None:
            """Kills what runs, and removes what the runtime holds; nothing to remove is no error."""


class Job(Record):
    """One container to run. bundle: folder with config.json. stdio: descriptors of this process for it."""

    name: str
    bundle: str
    config: ConfigTree
    stdio: tuple[int, int, int]
    trace: str


def executor_for(runtime: str, state: str) -> Executor:
    """The executor.

    Args:
        runtime: path of an OCI runtime; "" for tiffin's own.
        state: where it keeps its state.
    """
    if runtime:
        from tiffin.cli.execute.external import ExternalRuntime

        return ExternalRuntime(runtime, state)
    from tiffin.cli.execute.own import OwnRuntime

    return OwnRuntime(state)
