"""`Container`: one container, as a Python object; each method is a verb of the command line."""

from __future__ import annotations

import os
import select
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import FailedPrecondition, TimedOut
from ..launch.process_end import open_end
from ..lifecycle.delete import delete, delete_ended
from ..lifecycle.events import statistics
from ..lifecycle.execute import ExecOptions, Execution
from ..lifecycle.kill import kill
from ..lifecycle.loaded import LoadedContainer
from ..lifecycle.pause import pause, resume
from ..lifecycle.process_changes import ProcessChanges, changed_process
from ..lifecycle.processes import process_ids
from ..lifecycle.start import start
from ..lifecycle.undo import Undo
from ..lifecycle.update import update
from .pipes import INHERIT, PIPE, Stream, pipes_for
from .process import Process, Result

if TYPE_CHECKING:
    from ..lifecycle.settings import Settings
    from ..state.container_state import ContainerState
    from ..state.status import Status

SIGTERM = 15


class Container:
    """A container. Get one from `Runtime`.

    process: its first process, if this program made the container; its pipes and its exit code.
    """

    def __init__(self, settings: Settings, identifier: str, process: Process | None) -> None:
        self._settings = settings
        self.id = identifier
        self._process = process

    def __repr__(self) -> str:
        return f"Container({self.id!r})"

    @property
    def process(self) -> Process:
        """Its first process.

        Raises:
            LookupError: another program made the container: its exit code goes to its own parent.
        """
        if self._process is None:
            raise LookupError(f"container {self.id} was made by another program")
        return self._process

    def _loaded(self) -> LoadedContainer:
        return LoadedContainer(self._settings.root, self.id)

    @property
    def state(self) -> ContainerState:
        """What is known of it. Raises NotFound once it is deleted."""
        return self._loaded().state

    @property
    def status(self) -> Status:
        """creating, created, running, paused or stopped; asked of the kernel each time."""
        return self._loaded().status()

    def start(self) -> None:
        """Starts its process. Raises FailedPrecondition if it is not `created`."""
        start(self._settings, self.id)

    def kill(self, signal: int = SIGTERM, *, every: bool = False) -> None:
        """Sends a signal to its first process, or to every process. Raises FailedPrecondition if it does not run."""
        kill(self._settings, self.id, signal, every=every)

    def wait(self, *, timeout: float | None = None) -> int | None:
        """Waits until its first process has ended; its exit code, or None if another program made the container.

        Args:
            timeout: seconds; None: for ever.

        Raises:
            TimedOut: it still runs. FailedPrecondition: it is being made. NotFound: it is deleted.
        """
        if self._process is not None:
            return self._process.wait(timeout=timeout)
        loaded = self._loaded()
        if not loaded.state.pid:
            raise FailedPrecondition(f"container {self.id} is being made")
        try:
            descriptor = open_end(loaded.state.pid)
        except ProcessLookupError:
            return None
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if loaded.has_init() and not poll.poll(None if timeout is None else timeout * 1000):
                raise TimedOut(f"container {self.id} still runs after {timeout:g} s")
        finally:
            os.close(descriptor)
        return None

    def delete(self, *, force: bool = False) -> None:
        """Removes it. force: kill it first if it runs, and do not mind if it is gone."""
        delete(self._settings, self.id, force=force)
        if self._process is not None:
            self._process.streams.close()
            self._process.poll()

    def delete_ended(self, state: ContainerState) -> None:
        """Removes it at the end of `Runtime.run`, with no look at what our own wait for its process has told.

        Args:
            state: as it was when it was made.
        """
        if state.shared_pids or self.process.poll() is None:
            self.delete(force=True)
        else:
            self.process.streams.close()
            delete_ended(self._settings, state)

    def pause(self) -> None:
        """Freezes all its processes."""
        pause(self._settings, self.id)

    def resume(self) -> None:
        """Lets it run on."""
        resume(self._settings, self.id)

    def update(self, resources: Mapping[str, Any]) -> None:
        """Changes limits: members of linux.resources; what is not named stays."""
        update(self._settings, self.id, resources)

    def stats(self) -> dict[str, Any]:
        """Its statistics, with the names that `runc events --stats` has."""
        return statistics(self._settings, self.id)

    def pids(self) -> tuple[int, ...]:
        """Its processes, in this program's pid namespace."""
        return process_ids(self._settings, self.id)

    def popen(
        self,
        args: Sequence[str],
        *,
        stdin: Stream = INHERIT,
        stdout: Stream = INHERIT,
        stderr: Stream = INHERIT,
        cwd: str = "",
        env: Mapping[str, str] | None = None,
        user: str = "",
        additional_gids: Sequence[int] = (),
        capabilities: Sequence[str] = (),
        no_new_privileges: bool | None = None,
        cgroup: Sequence[str] = (),
        ignore_paused: bool = False,
    ) -> Process:
        """Starts a further process in it, with the user, environment and limits of its config unless told otherwise.

        Args:
            args: the program and its arguments.
            env: added to the config's environment.
            user: UID or UID:GID.
            cgroup: sub-cgroups, as `exec --cgroup` has them.

        Raises:
            NotFound, FailedPrecondition: no such container, or it is stopped or paused.
            OperationFailed: the program was not found, or a step failed.
        """
        options = ExecOptions(cgroup=tuple(cgroup), ignore_paused=ignore_paused)
        execution = Execution(self._settings, self.id, options)
        changes = ProcessChanges(
            args=tuple(args),
            cwd=cwd,
            env=tuple(f"{name}={value}" for name, value in (env or {}).items()),
            user=user,
            additional_gids=tuple(additional_gids),
            capabilities=tuple(capabilities),
            no_new_privileges=no_new_privileges,
        )
        process = changed_process(execution.config, changes, self._settings.log)
        with pipes_for(stdin, stdout, stderr) as pipes, Undo("exec") as undo:
            execution.options = options.replace(stdio=pipes.theirs)
            execution.launch_process(process, undo)
            undo.forget()
            return Process(execution.pid, pipes.keep())

    def exec(
        self,
        args: Sequence[str],
        *,
        input: bytes = b"",  # noqa: A002  # subprocess's own name for it
        timeout: float | None = None,
        **options: Any,
    ) -> Result:
        """Runs a further process to its end, and returns its exit code and output.

        Args:
            input: what it reads from its stdin.
            timeout: seconds; then it is killed, with all that it has started (`Process.kill_all`).
            options: cwd, env, user and so on, as for `popen`.

        Raises:
            TimedOut: it was killed. Else as `popen`.
        """
        process = self.popen(args, stdin=PIPE, stdout=PIPE, stderr=PIPE, **options)
        return process.communicate(input, timeout=timeout)
